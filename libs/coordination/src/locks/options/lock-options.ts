import type { Duration } from '@nest-strata/core';

/** How to take a lock. */
export interface AcquireOptions {
  /**
   * How long the lock outlives a holder that is gone, from `'50ms'` to `'1d'`; default that of the service, `'10s'`. As
   * long as the holder lives, a third of it is the time between two extensions.
   */
  readonly ttl?: Duration;
  /** How long to wait for it: `'none'` (not at all), a duration, or `'forever'`. Default that of the service, `'10s'`. */
  readonly wait?: 'none' | Duration;
  /** Ends the wait; the call rejects with its reason. It has no effect on a lock that is held. */
  readonly signal?: AbortSignal;
  /**
   * Whether to come after those who wait already. Default `true`. `false` takes a lock that is free, or shared, before
   * them: readers who do so can keep a writer waiting for ever.
   */
  readonly fair?: boolean;
  /** `'exclusive'` (default): alone. `'shared'`: beside others who share it, up to `limit`. */
  readonly mode?: 'exclusive' | 'shared';
  /** How many may hold the lock at once, the caller included, for `shared`. Default: any number. All should agree on it. */
  readonly limit?: number;
  /** Whether the lock is extended as long as it is held. Default `true`; `false` ends it with its ttl, come what may. */
  readonly renew?: boolean;
  /**
   * How many replicas must have the lock before it counts. Default 0. It makes a lock less likely to be lost in a
   * failover, not impossible. Each acquisition costs another trip, in which the connection waits.
   */
  readonly replicas?: number;
}

/** As {@link AcquireOptions}, and for code that holds the lock already. */
export interface WithLockOptions extends AcquireOptions {
  /**
   * The `owner` of a lock of this process that is held: the function runs under that, and nothing is acquired or released.
   *
   * @throws LockLostError when it is not held
   */
  readonly reenter?: string;
}

/** What a `LockService` is made with. */
export interface LockServiceOptions {
  /** What its Redis keys begin with, after `strata:`. Only services of the same namespace share locks. */
  readonly namespace: string;
  /** Default `'10s'`. */
  readonly ttl?: Duration;
  /** Default `'10s'`. */
  readonly wait?: 'none' | Duration;
  /** Default 0. */
  readonly replicas?: number;
}
