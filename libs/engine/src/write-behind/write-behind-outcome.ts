/**
 * Why a value was not accepted.
 *
 * - `full`: `maxPending` other keys wait; write to the database, or try again later
 * - `unknown`: Redis did not confirm it in time. It may be in the stream and be persisted yet; try again with the same
 *   idempotency key, and it is there once
 * - `redis-unavailable`: Redis is away, and was not asked
 * - `redis-refused`: Redis answered with an error, such as that it is out of memory, and did nothing
 * - `value-too-large`: it takes more than the cache's `maxValueBytes`
 * - `closed`: the queue is closed
 */
export type RefusalReason = 'full' | 'unknown' | 'redis-unavailable' | 'redis-refused' | 'value-too-large' | 'closed';

/** What became of a value that was offered to a write-behind queue. */
export type WriteBehindOutcome =
  | {
      /** It will be persisted, unless a newer value of its key comes first. */
      readonly accepted: true;
      readonly id: string;
      /** Greater than that of every write that was accepted before; what `persist` gets as the write's version. */
      readonly version: bigint;
      readonly idempotencyKey: string;
      /** It was accepted before, under the same key and idempotency key, and waits. */
      readonly repeated: boolean;
    }
  | { readonly accepted: false; readonly reason: RefusalReason; readonly idempotencyKey: string };

/** What is said of one value. */
export interface AcceptOptions {
  /**
   * Names this write among those of its key, so that offering it again, after an outcome that is unknown, does not write
   * twice. It is recognised while the write waits; once it was persisted, or two newer values of its key have come, it is a
   * new write. Default: 128 random bits in hex.
   */
  readonly idempotencyKey?: string;
}

/** An accepted value that is not in the database yet. */
export interface PendingWrite<T> {
  readonly value: T;
  readonly id: string;
  readonly version: bigint;
}

/** A write that was given up after `maxAttempts`, or that cannot be read. */
export interface DeadLetter<T> {
  /** Names the letter for `redrive` and `discard`. */
  readonly letterId: string;
  /** The write's own id, which it keeps when it is redriven. */
  readonly id: string;
  /** Empty when what is in the stream is no write. */
  readonly key: string;
  /** `undefined` when it cannot be read. */
  readonly value: T | undefined;
  readonly idempotencyKey: string;
  readonly attempts: number;
  /** Name and message of the last error. */
  readonly error: string;
}
