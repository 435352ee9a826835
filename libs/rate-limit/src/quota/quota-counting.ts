import { StrataError, type Clock } from '@nest-strata/core';
import type { Listeners } from '../limiter/listeners.js';
import { isRedisAway } from '../limiter/redis-away.js';
import type { ResolvedQuota, QuotaLimits } from './quota-definition.js';
import type { QuotaEvent } from './quota-event.js';
import { QuotaPeriods, type KindOfCounter } from './quota-periods.js';
import type { QuotaScope, QuotaStanding, QuotaStore } from './quota-store.port.js';
import { QuotaTime } from './quota-time.js';

/** How often a call is repeated because the period has changed since it was made; once is usual. */
const MAX_ATTEMPTS = 3;

/** An answer of the store, with the counters that it is about. */
export interface Counted<Outcome> {
  readonly counters: readonly KindOfCounter[];
  readonly standing: QuotaStanding<Outcome>;
}

/** The clocks of this process and of Redis disagree on which period it is, again and again. */
class QuotaClockError extends StrataError {
  readonly code = 'QUOTA_CLOCK';

  constructor(quota: string, nowMs: number) {
    super(
      `The quota ${quota} was asked for ${MAX_ATTEMPTS} times in a row in a period that it was not, at ${nowMs} ms by Redis. Check whether the clock of the Redis server jumps.`,
    );
  }
}

/**
 * Asks the store in the periods that it is now, tells which thresholds were reached, and notices when the store goes away
 * and comes back.
 */
export class QuotaCounting {
  readonly #store: QuotaStore;
  readonly #time: QuotaTime;
  readonly #events: Listeners<QuotaEvent>;
  readonly #periods = new WeakMap<ResolvedQuota, QuotaPeriods>();
  #isDegraded = false;

  constructor(store: QuotaStore, clock: Clock, events: Listeners<QuotaEvent>) {
    this.#store = store;
    this.#time = new QuotaTime(store, clock);
    this.#events = events;
  }

  get isDegraded(): boolean {
    return this.#isDegraded;
  }

  /** `undefined` when Redis is away; nobody knows then whether anything was counted. */
  async count<Outcome extends string>(
    user: string,
    quota: ResolvedQuota,
    limits: QuotaLimits,
    ask: (scope: QuotaScope, store: QuotaStore) => Promise<QuotaStanding<Outcome>>,
  ): Promise<Counted<Outcome> | undefined> {
    try {
      const counted = await this.#ask(user, quota, limits, ask);
      this.#becomeDegraded(false);
      this.#tell(user, quota, counted);
      return counted;
    } catch (error) {
      if (!isRedisAway(error)) throw error;
      this.#becomeDegraded(true, error);
      return undefined;
    }
  }

  /** The counters of now, without asking about them. */
  async counters(quota: ResolvedQuota, limits: QuotaLimits): Promise<readonly KindOfCounter[]> {
    return this.#periodsOf(quota).countersAt(await this.#time.nowMs(), limits);
  }

  async #ask<Outcome extends string>(
    user: string,
    quota: ResolvedQuota,
    limits: QuotaLimits,
    ask: (scope: QuotaScope, store: QuotaStore) => Promise<QuotaStanding<Outcome>>,
  ): Promise<Counted<Outcome>> {
    let nowMs = 0;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const counters = await this.counters(quota, limits);
      const { name, thresholds, keepMs } = quota;
      const standing = await ask({ user, quota: name, counters, thresholds, keepMs }, this.#store);
      nowMs = standing.nowMs;
      this.#time.learn(nowMs);
      if (standing.outcome !== 'wrong-period') return { counters, standing };
    }
    throw new QuotaClockError(quota.name, nowMs);
  }

  #periodsOf(quota: ResolvedQuota): QuotaPeriods {
    const periods = this.#periods.get(quota) ?? new QuotaPeriods(quota);
    this.#periods.set(quota, periods);
    return periods;
  }

  #tell<Outcome>(user: string, quota: ResolvedQuota, { counters, standing }: Counted<Outcome>): void {
    counters.forEach(({ kind, id, limit }, index) => {
      for (const percent of standing.reached[index] ?? []) {
        const used = standing.used[index] ?? 0;
        this.#events.emit({ type: 'threshold', user, quota: quota.name, kind, period: id, percent, used, limit });
      }
    });
  }

  #becomeDegraded(isDegraded: boolean, error?: unknown): void {
    if (this.#isDegraded === isDegraded) return;
    this.#isDegraded = isDegraded;
    this.#events.emit(isDegraded ? { type: 'degraded', error } : { type: 'recovered' });
  }
}
