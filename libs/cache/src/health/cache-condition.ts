import type { Clock } from '@nest-strata/core';
import type { CacheEngine } from '@nest-strata/engine';
import type { CoherenceHealth, PendingEvictsHealth } from './cache-health.js';

/** A loss shorter than this is a matter of reconnecting. */
const LOST_FOR_LONG_MS = 5_000;

/** What the engine knows of its own state over Redis, and for how long that has been so. */
export class CacheCondition {
  #lostSinceMs: number | undefined;
  #lostBecause: string | undefined;

  constructor(
    private readonly engine: Pick<CacheEngine, 'coherence' | 'pendingEvicts' | 'listenToState'>,
    private readonly clock: Clock,
  ) {
    if (engine.coherence?.isArmed === false) this.#lostSinceMs = clock.monotonicMs();
    engine.listenToState((event) => {
      if (event.type !== 'coherence') return;
      this.#lostSinceMs = event.state === 'armed' ? undefined : (this.#lostSinceMs ?? clock.monotonicMs());
      this.#lostBecause = event.reason;
    });
  }

  /** How memory hears of changes; `undefined` without Redis. */
  get coherence(): CoherenceHealth | undefined {
    const { coherence } = this.engine;
    if (coherence === undefined) return undefined;
    const { configured, mode, isArmed, lagMs, losses } = coherence;
    if (configured === 'none') return { state: 'off', losses };
    return {
      state: isArmed ? 'armed' : 'lost',
      losses,
      ...(mode !== undefined && { mode }),
      ...(isArmed && lagMs !== undefined && { lagMs: Math.round(lagMs * 100) / 100 }),
      ...(!isArmed && { lostForMs: Math.round(this.#lostForMs) }),
      ...(!isArmed && this.#lostBecause !== undefined && { reason: this.#lostBecause }),
    };
  }

  /** The evicts that wait for Redis; `undefined` without Redis. */
  get pendingEvicts(): PendingEvictsHealth | undefined {
    if (this.engine.coherence === undefined) return undefined;
    const { count, oldestAgeMs } = this.engine.pendingEvicts;
    return { count, oldestAgeMs: Math.round(oldestAgeMs) };
  }

  /** Whether the cache works, though not as it should: without memory, or without what is pending. */
  get isImpaired(): boolean {
    const isLost = this.coherence?.state === 'lost' && this.#lostForMs >= LOST_FOR_LONG_MS;
    return isLost || this.engine.pendingEvicts.count > 0;
  }

  get #lostForMs(): number {
    return this.#lostSinceMs === undefined ? 0 : this.clock.monotonicMs() - this.#lostSinceMs;
  }
}
