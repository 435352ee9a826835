import type { Duration } from '@nest-strata/core';
import type { Persist } from './persist.js';

/** How accepted values get into the database. */
export interface WriteBehindOptions<T> {
  readonly persist: Persist<T>;
  /** The most writes in one call of `persist`. Default 100. */
  readonly batchSize?: number;
  /**
   * The time from the beginning of a batch to that of the next, unless that one is full: values of a key that come within
   * it are persisted as one. Also how soon the writes that other processes accepted are seen. Default `'100ms'`.
   */
  readonly interval?: Duration;
  /** How many keys may wait; newer values of keys that wait are always taken. Default 10 000. */
  readonly maxPending?: number;
  /** After so many failures a write becomes a dead letter. Default 16: with the default delays, after about six minutes. */
  readonly maxAttempts?: number;
  /** The time to the second attempt, doubled for each further one, less up to half of it at random. Default `'200ms'`. */
  readonly retryDelay?: Duration;
  /** The longest time between two attempts. Default `'1m'`. */
  readonly maxRetryDelay?: Duration;
  /** How long a batch may take before it counts as failed. Default `'30s'`; `'forever'`: no limit, and a hung call blocks all. */
  readonly persistTimeout?: Duration;
}

/** {@link WriteBehindOptions} with all defaults, checked, in milliseconds and frozen. */
export interface ResolvedWriteBehindOptions<T> {
  readonly persist: Persist<T>;
  readonly batchSize: number;
  readonly intervalMs: number;
  readonly maxPending: number;
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  readonly maxRetryDelayMs: number;
  /** `Infinity`: no limit. */
  readonly persistTimeoutMs: number;
}
