import { CacheStats } from './cache-stats.js';

/** The counters of one tier, written by whoever asks it. */
export class TierRecorder {
  hits = 0;
  misses = 0;
  errors = 0;
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
  evictions = 0;
  readonly memory = new TierRecorder();
  readonly redis = new TierRecorder();

  snapshot(): CacheStats {
    return new CacheStats({ ...this, tiers: { memory: this.memory, redis: this.redis } });
  }
}
