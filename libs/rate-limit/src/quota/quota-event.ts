import type { PeriodKind } from './calendar-period.js';
import type { QuotaResult } from './quota-result.js';

/** A user has reached a percentage of a limit; told once per user, quota, period and threshold, by one process. */
export interface QuotaThresholdEvent {
  readonly type: 'threshold';
  readonly user: string;
  readonly quota: string;
  readonly kind: PeriodKind;
  /** The id of the period. */
  readonly period: string;
  readonly percent: number;
  readonly used: number;
  readonly limit: number;
}

/** What a {@link QuotaService} tells its listeners. */
export type QuotaEvent =
  | QuotaThresholdEvent
  | { readonly type: 'denied'; readonly result: QuotaResult }
  /** Redis did not answer, and `whenAway` decided; once until it answers again. */
  | { readonly type: 'degraded'; readonly error: unknown }
  | { readonly type: 'recovered' };

export type QuotaListener = (event: QuotaEvent) => void;
