import type { Duration } from '@nest-strata/core';

/** How one entry is to be kept; what is left out comes from the cache's own options. */
export interface EntryOptions {
  /** How long the entry is fresh. `'0ms'`: not stored at all. `'forever'`: until it is evicted. */
  readonly ttl?: Duration;
  /** How long the memory tier may keep its copy; never longer than `ttl`. */
  readonly memoryTtl?: Duration;
  /** The share of `ttl` by which it is shortened at random, in [0, 1). `0` switches it off. */
  readonly jitter?: number;
  /** Labels to invalidate by: `deleteByTag` makes every entry that carries the tag a miss. */
  readonly tags?: readonly string[];
}

/** {@link EntryOptions}, checked, complete and in milliseconds. */
export interface ResolvedEntryOptions {
  readonly ttlMs: number;
  readonly memoryTtlMs: number;
  readonly jitter: number;
  readonly tags: readonly string[];
}
