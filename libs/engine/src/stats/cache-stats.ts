/** Counts of one tier: how often it was asked and had what was asked for, or failed to answer. */
export interface TierCounts {
  readonly hits: number;
  readonly misses: number;
  readonly errors: number;
}

/** The figures of {@link CacheStats}: one logical hit or miss per key and call, whatever the tiers did. */
export interface CacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly sets: number;
  readonly deletes: number;
  /** Calls that a cache fault changed: answered without Redis, not stored, not confirmed. */
  readonly errors: number;
  readonly loads: number;
  readonly loadFailures: number;
  /** Hits of entries whose time was over: served while they were renewed, or in the place of an error. */
  readonly staleHits: number;
  /** Loads in the background, for which nobody waited. */
  readonly refreshes: number;
  /** How often a load of another process was waited for. */
  readonly loadWaits: number;
  /** Entries that left the memory tier to make room. */
  readonly evictions: number;
  readonly tiers: Readonly<Record<string, TierCounts>>;
}

/** Counts of a cache since it was made or since its statistics were reset. An immutable snapshot. */
export class CacheStats implements CacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly sets: number;
  readonly deletes: number;
  readonly errors: number;
  readonly loads: number;
  readonly loadFailures: number;
  readonly staleHits: number;
  readonly refreshes: number;
  readonly loadWaits: number;
  readonly evictions: number;
  readonly tiers: Readonly<Record<string, TierCounts>>;

  constructor(counts: CacheCounts) {
    this.hits = counts.hits;
    this.misses = counts.misses;
    this.sets = counts.sets;
    this.deletes = counts.deletes;
    this.errors = counts.errors;
    this.loads = counts.loads;
    this.loadFailures = counts.loadFailures;
    this.staleHits = counts.staleHits;
    this.refreshes = counts.refreshes;
    this.loadWaits = counts.loadWaits;
    this.evictions = counts.evictions;
    this.tiers = Object.freeze(mapTiers(counts.tiers, (tier) => Object.freeze({ ...tier })));
    Object.freeze(this);
  }

  /** Hits per read, in [0, 1]; 0 when nothing was read. */
  get hitRate(): number {
    const reads = this.hits + this.misses;
    return reads === 0 ? 0 : this.hits / reads;
  }

  /** What happened since `earlier` was taken. */
  minus(earlier: CacheStats): CacheStats {
    return new CacheStats({
      hits: this.hits - earlier.hits,
      misses: this.misses - earlier.misses,
      sets: this.sets - earlier.sets,
      deletes: this.deletes - earlier.deletes,
      errors: this.errors - earlier.errors,
      loads: this.loads - earlier.loads,
      loadFailures: this.loadFailures - earlier.loadFailures,
      staleHits: this.staleHits - earlier.staleHits,
      refreshes: this.refreshes - earlier.refreshes,
      loadWaits: this.loadWaits - earlier.loadWaits,
      evictions: this.evictions - earlier.evictions,
      tiers: mapTiers(this.tiers, (tier, name) => ({
        hits: tier.hits - (earlier.tiers[name]?.hits ?? 0),
        misses: tier.misses - (earlier.tiers[name]?.misses ?? 0),
        errors: tier.errors - (earlier.tiers[name]?.errors ?? 0),
      })),
    });
  }
}

function mapTiers(
  tiers: Readonly<Record<string, TierCounts>>,
  map: (tier: TierCounts, name: string) => TierCounts,
): Record<string, TierCounts> {
  return Object.fromEntries(Object.entries(tiers).map(([name, tier]) => [name, map(tier, name)]));
}
