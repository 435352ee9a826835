import { periodAt, type CalendarPeriod, type PeriodKind } from './calendar-period.js';
import { PERIOD_KINDS, type QuotaLimits, type ResolvedQuota } from './quota-definition.js';
import type { QuotaCounter } from './quota-store.port.js';

/** A counter, and which kind of period it is for. */
export interface KindOfCounter extends QuotaCounter {
  readonly kind: PeriodKind;
}

/** The periods that it is now, of one quota. They are worked out once per period, not once per request. */
export class QuotaPeriods {
  readonly #quota: ResolvedQuota;
  readonly #current = new Map<PeriodKind, CalendarPeriod>();

  constructor(quota: ResolvedQuota) {
    this.#quota = quota;
  }

  /** The counters of a request at a moment. */
  countersAt(nowMs: number, limits: QuotaLimits): KindOfCounter[] {
    return PERIOD_KINDS.flatMap((kind) => {
      const limit = limits[kind];
      return limit === undefined ? [] : [{ kind, limit, ...this.#periodAt(kind, nowMs) }];
    });
  }

  #periodAt(kind: PeriodKind, nowMs: number): CalendarPeriod {
    const current = this.#current.get(kind);
    if (current !== undefined && current.startsAtMs <= nowMs && nowMs < current.endsAtMs) return current;
    const period = periodAt(kind, nowMs, this.#quota);
    this.#current.set(kind, period);
    return period;
  }
}
