import { CacheStats } from './cache-stats.js';

/** The counters of one tier, written by whoever asks it. */
class TierRecorder {
  hits = 0;
  misses = 0;
  errors = 0;

  /** Counts a hit for each copy that was found, and a miss for each that was not. */
  record(found: readonly (object | undefined)[]): void {
    for (const copy of found) {
      if (copy === undefined) this.misses++;
      else this.hits++;
    }
  }
}

/** The counters of one cache; {@link snapshot} turns them into {@link CacheStats}. */
export class StatsRecorder {
  hits = 0;
  misses = 0;
  sets = 0;
  deletes = 0;
  errors = 0;
  loads = 0;
  loadFailures = 0;
  staleHits = 0;
  refreshes = 0;
  loadWaits = 0;
  readonly memory = new TierRecorder();
  readonly redis = new TierRecorder();
  #evictedBefore = 0;

  /** @param evictedCount the entries that left memory to make room since the cache was made */
  snapshot(evictedCount: number): CacheStats {
    const { hits, misses, sets, deletes, errors, loads, loadFailures, staleHits, refreshes, loadWaits, memory, redis } =
      this;
    const evictions = evictedCount - this.#evictedBefore;
    return new CacheStats({
      hits,
      misses,
      sets,
      deletes,
      errors,
      loads,
      loadFailures,
      staleHits,
      refreshes,
      loadWaits,
      evictions,
      tiers: { memory, redis },
    });
  }

  reset(evictedCount: number): void {
    const zero = { hits: 0, misses: 0, errors: 0 };
    Object.assign(this, {
      ...zero,
      sets: 0,
      deletes: 0,
      loads: 0,
      loadFailures: 0,
      staleHits: 0,
      refreshes: 0,
      loadWaits: 0,
    });
    Object.assign(this.memory, zero);
    Object.assign(this.redis, zero);
    this.#evictedBefore = evictedCount;
  }
}
