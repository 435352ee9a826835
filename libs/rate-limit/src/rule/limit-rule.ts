/** At most `limit` in each of the windows that follow each other. */
export interface FixedWindowRule {
  readonly kind: 'fixed-window';
  readonly limit: number;
  readonly windowUs: number;
  /** Whether windows begin at an offset of its own for each subject, or with the clock for all. */
  readonly isAnchoredBySubject: boolean;
}

/** At most `limit` in `bucketCount` buckets of `bucketUs`. */
export interface SlidingWindowRule {
  readonly kind: 'sliding-window';
  readonly limit: number;
  readonly bucketUs: number;
  readonly bucketCount: number;
  readonly isStrict: boolean;
}

/** At most `limit` in any window. */
export interface SlidingLogRule {
  readonly kind: 'sliding-log';
  readonly limit: number;
  readonly windowUs: number;
}

/** So many per so many µs, in lowest terms. */
export interface LimitRate {
  readonly count: number;
  readonly perUs: number;
}

/** `capacity` tokens, of which `refill` come back per `everyUs`. */
export interface TokenBucketRule {
  readonly kind: 'token-bucket';
  readonly capacity: number;
  readonly refill: number;
  readonly everyUs: number;
  /** `refill` per `everyUs`. */
  readonly rate: LimitRate;
  readonly isGreedy: boolean;
}

/** `limit` per `windowUs`, evenly, `burst` at once. */
export interface LeakyBucketRule {
  readonly kind: 'leaky-bucket';
  readonly limit: number;
  readonly windowUs: number;
  /** `limit` per `windowUs`. */
  readonly rate: LimitRate;
  readonly burst: number;
}

/** `limit` per `windowUs`, evenly, each after the one before. */
export interface LeakyQueueRule {
  readonly kind: 'leaky-queue';
  readonly limit: number;
  readonly windowUs: number;
  /** `limit` per `windowUs`. */
  readonly rate: LimitRate;
  readonly maxWaitUs: number;
}

/** At most `limit` at the same time. */
export interface ConcurrencyRule {
  readonly kind: 'concurrency';
  readonly limit: number;
  readonly leaseUs: number;
}

/** A policy as the algorithms take it: whole numbers, times in µs of the server, checked not to leave 2^53. */
export type LimitRule =
  | FixedWindowRule
  | SlidingWindowRule
  | SlidingLogRule
  | TokenBucketRule
  | LeakyBucketRule
  | LeakyQueueRule
  | ConcurrencyRule;
