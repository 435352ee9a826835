import type { Clock } from '@nest-strata/core';
import type { QuotaStore } from './quota-store.port.js';

/**
 * What time it is where quotas are counted: the clock of the store, carried on by the monotonic clock of this process and
 * set anew by every answer. The wall clock of this machine decides nothing.
 */
export class QuotaTime {
  readonly #store: QuotaStore;
  readonly #clock: Clock;
  #offsetMs: number | undefined;

  constructor(store: QuotaStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Ms since 1970 UTC; asks the store the first time. */
  async nowMs(): Promise<number> {
    if (this.#offsetMs === undefined) this.learn(await this.#store.nowMs());
    return Math.floor(this.#clock.monotonicMs() + (this.#offsetMs ?? 0));
  }

  /** An answer of the store tells its time. */
  learn(storeMs: number): void {
    this.#offsetMs = storeMs - this.#clock.monotonicMs();
  }
}
