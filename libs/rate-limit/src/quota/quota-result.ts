import type { PeriodKind } from './calendar-period.js';

/** How a user stands in one period of a quota. Moments in ms since 1970 UTC. */
export interface QuotaPeriodUsage {
  readonly kind: PeriodKind;
  /** `2026-11-20`, `2026-W47`, `2026-11` or `from-2026-11-15`. */
  readonly id: string;
  /** `Infinity`: counted only. */
  readonly limit: number;
  /** With what is reserved; more than the limit where a reservation was overdrawn. */
  readonly used: number;
  readonly reserved: number;
  readonly remaining: number;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** What became of a request to a quota. */
export interface QuotaResult {
  readonly user: string;
  readonly quota: string;
  readonly isAllowed: boolean;
  /** It had been counted before under its id, and was not counted again. */
  readonly isRepeated: boolean;
  /** Redis was away: nothing was counted, `whenAway` decided, and `periods` is empty. */
  readonly isDegraded: boolean;
  /** Until the periods that denied are over; `Infinity`: they never give as much. 0 if allowed. */
  readonly retryAfterMs: number;
  readonly periods: readonly QuotaPeriodUsage[];
}

/** What was used in one period that is or was. */
export interface QuotaHistoryEntry {
  readonly id: string;
  readonly used: number;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}
