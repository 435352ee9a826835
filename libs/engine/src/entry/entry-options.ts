import type { Duration } from '@nest-strata/core';
import type { SourceVersion } from './source-version.js';

/** How one entry is to be kept; what is left out comes from the cache's own options. */
export interface EntryOptions {
  /** How long the entry is fresh. `'0ms'`: not stored at all. `'forever'`: until it is evicted. */
  readonly ttl?: Duration;
  /** How long the memory tier may keep its copy fresh; never longer than `ttl`, and than the cache's own memory ttl. */
  readonly memoryTtl?: Duration;
  /** The share of `ttl` by which it is shortened at random, in [0, 1). `0` switches it off. */
  readonly jitter?: number;
  /** Labels to invalidate by: `deleteByTag` makes every entry that carries the tag a miss. */
  readonly tags?: readonly string[];
  /**
   * Extra time after `ttl`, not instead of it, in which the entry may still be served where the alternative is an error:
   * when its loader fails or is late. `'0ms'`: never.
   */
  readonly grace?: Duration;
  /** Extra time after `ttl` in which the entry is served at once while one load in the background renews it. `'0ms'`: none. */
  readonly staleWhileRevalidate?: Duration;
  /** The `ttl` of `null` and `undefined`. Left out: as for any other value. `'0ms'`: they are not stored. */
  readonly negativeTtl?: Duration;
  /**
   * How long the entry stays fresh without being read; every read gives it as much again, up to `ttl` after it was
   * stored. `'0ms'`: reads prolong nothing.
   */
  readonly slidingTtl?: Duration;
  /**
   * The version of the value at its source, such as a row's version column or its time of change. A value with a lower
   * one than is stored is refused; an equal one replaces.
   */
  readonly version?: SourceVersion;
}

/** {@link EntryOptions} and those of a load, checked, complete and in milliseconds. */
export interface ResolvedEntryOptions {
  readonly ttlMs: number;
  readonly memoryTtlMs: number;
  readonly jitter: number;
  readonly graceMs: number;
  readonly staleWhileRevalidateMs: number;
  /** `undefined`: as `ttlMs`. */
  readonly negativeTtlMs: number | undefined;
  /** 0: reads prolong nothing. */
  readonly slidingTtlMs: number;
  /** The share of the life after which a read renews the entry in the background; 0: never. */
  readonly refreshAhead: number;
  /** The beta of XFetch; 0: off. */
  readonly earlyRefresh: number;
  /** `Infinity`: none, here and below. */
  readonly softTimeoutMs: number;
  readonly hardTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly onLockTimeout: 'load' | 'fail';
  /** How long the error of a load stands for further loads. */
  readonly errorTtlMs: number;
  /** How long a stale copy stands in after a failed load. */
  readonly retryAfterMs: number;
  readonly tags: readonly string[];
  /** 16 hex digits; `undefined`: none. */
  readonly version: string | undefined;
  readonly fallback: ((error: unknown) => unknown) | undefined;
}
