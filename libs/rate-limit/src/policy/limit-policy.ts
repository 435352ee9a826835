import type { Duration } from '@nest-strata/core';

/** What decides while Redis is away: `open` admits, `closed` denies, `local` counts in the memory of this process. */
export type WhenAway = 'open' | 'closed' | 'local';

/** `enforce` denies; `shadow` counts and tells what it would deny, but admits; `off` does not even count. */
export type PolicyMode = 'enforce' | 'shadow' | 'off';

/** What all policies have. */
interface PolicyBase {
  /** Names the policy in results, headers and keys; 1 to 64 of `a-z`, `0-9`, `_` and `-`. */
  readonly name: string;
  /** Default `enforce`. */
  readonly mode?: PolicyMode;
  /** Default: that of the limiter, `open`. */
  readonly whenAway?: WhenAway;
}

/**
 * At most `limit` in each window, counted anew when the next one begins. Cheapest; two windows' worth can pass around the
 * boundary.
 */
export interface FixedWindowPolicy extends PolicyBase {
  readonly algorithm: 'fixed-window';
  readonly limit: number;
  readonly window: Duration;
  /** Where windows begin: with the `clock` for all (default), or at an offset of its own for each `subject`. */
  readonly anchor?: 'clock' | 'subject';
}

/** At most about `limit` in any window, counted in parts of it. */
export interface SlidingWindowPolicy extends PolicyBase {
  readonly algorithm: 'sliding-window';
  readonly limit: number;
  readonly window: Duration;
  /** Into how many parts the window is cut, 1 to 10; default 10. */
  readonly buckets?: number;
  /** Never more than `limit` in any window, at the price of a denial up to a part of the window too long. */
  readonly strict?: boolean;
}

/** At most `limit` in any window, exactly: it remembers the moment of each. For low limits, up to 10 000. */
export interface SlidingLogPolicy extends PolicyBase {
  readonly algorithm: 'sliding-log';
  readonly limit: number;
  readonly window: Duration;
}

/** A bucket of `capacity` tokens; `refill` come back per `every`. A full bucket and its refill can pass in one window. */
export interface TokenBucketPolicy extends PolicyBase {
  readonly algorithm: 'token-bucket';
  readonly capacity: number;
  readonly refill: number;
  readonly every: Duration;
  /** Tokens come one by one (`greedy`, default), or `refill` at once every `every` (`interval`). */
  readonly mannerOfRefill?: 'greedy' | 'interval';
}

/** GCRA: `limit` per `window`, evenly, and `burst` of them at once. */
export interface LeakyBucketPolicy extends PolicyBase {
  readonly algorithm: 'leaky-bucket';
  readonly limit: number;
  readonly window: Duration;
  /** Default `limit`. */
  readonly burst?: number;
}

/** Reserves the next free moment at `limit` per `window`, evenly; who is admitted waits for it. */
export interface LeakyQueuePolicy extends PolicyBase {
  readonly algorithm: 'leaky-queue';
  readonly limit: number;
  readonly window: Duration;
  /** The longest wait; who would wait longer is denied. */
  readonly maxWait: Duration;
}

/** At most `limit` at the same time; each is given back, or ends by itself after `lease` unless it is renewed. */
export interface ConcurrencyPolicy extends PolicyBase {
  readonly algorithm: 'concurrency';
  readonly limit: number;
  /** Default `'60s'`. */
  readonly lease?: Duration;
}

/** A limit, as it is declared. */
export type LimitPolicy =
  | FixedWindowPolicy
  | SlidingWindowPolicy
  | SlidingLogPolicy
  | TokenBucketPolicy
  | LeakyBucketPolicy
  | LeakyQueuePolicy
  | ConcurrencyPolicy;
