import type { Duration } from '@nest-strata/core';

/**
 * How long entries are good for beside their `ttl`, how they are renewed, and what happens when that fails. All of it can
 * be given for the root cache, for a named cache and for a single call, where the nearest counts.
 */
export interface FreshnessOptions {
  /**
   * Extra time after `ttl`, not instead of it, in which an entry may still be served where the alternative is an error:
   * when its loader fails or is late. An entry gets it when it is stored.
   *
   * @default '0ms': none
   */
  readonly grace?: Duration;
  /**
   * Extra time after `ttl` in which an entry is served at once, while one load in the background renews it.
   *
   * @default '0ms': none
   */
  readonly staleWhileRevalidate?: Duration;
  /**
   * The share of an entry's life after which a read renews it in the background, once in all processes, in (0, 1): with
   * `0.8` the entries that are read never run out.
   *
   * @default 0: none
   */
  readonly refreshAhead?: number;
  /**
   * Renews an entry at random before it runs out, the likelier the nearer that is and the longer its load took: the beta
   * of XFetch. `1` is what its authors recommend, more is earlier.
   *
   * @default 0: none
   */
  readonly earlyRefresh?: number;
  /** The `ttl` of `null` and `undefined`; `'0ms'`: they are not stored. @default as for any other value */
  readonly negativeTtl?: Duration;
  /**
   * How long an entry stays fresh without being read; each read gives it as much again, up to `ttl` after it was stored.
   *
   * @default '0ms': reads prolong nothing
   */
  readonly slidingTtl?: Duration;
  /**
   * How long a caller waits for a loader where there is a copy within its `grace`, which it then gets; the load goes on.
   *
   * @default '0ms': as long as it takes
   */
  readonly softTimeout?: Duration;
  /**
   * How long any caller waits for a loader; then it gets a copy within its `grace`, the call's `fallback`, or a
   * LoadTimeoutError. The load goes on, and its result is stored.
   *
   * @default '0ms': as long as it takes
   */
  readonly hardTimeout?: Duration;
  /** How long a caller waits for the load of another process; `'0ms'`: not at all. @default '10s' */
  readonly lockTimeout?: Duration;
  /** After `lockTimeout`: `'load'` loads too, and stores nothing; `'fail'` rejects with a LockTimeoutError. @default 'load' */
  readonly onLockTimeout?: 'load' | 'fail';
  /**
   * How long the error of a load is what further loads of its key get, in all processes; up to `'1d'`. `'0ms'`: they try
   * again.
   *
   * @default '0ms'
   */
  readonly errorTtl?: Duration;
  /** How long a stale copy is served after a failed load before the next attempt, in all processes; up to `'1d'`. @default '1s' */
  readonly retryAfter?: Duration;
}
