/** Counts of a cached repository since the start, in this process. An immutable snapshot. */
export class RepositoryStats {
  /** Entities and lists that were asked for and came from the cache. */
  readonly hits: number;
  /** Entities and lists that the repository was asked for, because the cache did not have them. */
  readonly misses: number;
  /** Writes whose invalidation was carried out. */
  readonly invalidations: number;
  /** Those of them that had to invalidate everything, because nobody knew what had changed. */
  readonly fullInvalidations: number;

  constructor(counts: Pick<RepositoryStats, 'hits' | 'misses' | 'invalidations' | 'fullInvalidations'>) {
    this.hits = counts.hits;
    this.misses = counts.misses;
    this.invalidations = counts.invalidations;
    this.fullInvalidations = counts.fullInvalidations;
    Object.freeze(this);
  }

  /** Hits per read, in [0, 1]; 0 when nothing was read. */
  get hitRate(): number {
    const reads = this.hits + this.misses;
    return reads === 0 ? 0 : this.hits / reads;
  }
}
