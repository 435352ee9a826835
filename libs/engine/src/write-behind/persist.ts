/** An accepted value on its way to the database: the newest of its key when the batch was put together. */
export interface WriteToPersist<T> {
  readonly key: string;
  readonly value: T;
  /** The write's place among all of its queue, `<milliseconds>-<number>`. Names the write in a {@link FailedWrite}. */
  readonly id: string;
  /**
   * The {@link id} as a number below 2^63 that grows from write to write: store it beside the row, and update only where
   * the stored one is lower (`WHERE version < $1`). Nothing else keeps a process that was stopped in the middle of a batch
   * from finishing it late, after others have persisted newer values.
   */
  readonly version: bigint;
  /** The same for every attempt of the same write, and for every `accept` that was told it. */
  readonly idempotencyKey: string;
  /** 1 for the first attempt. An attempt that ended with its process is not counted. */
  readonly attempt: number;
}

/** A write of a batch that the database did not take. */
export interface FailedWrite {
  /** {@link WriteToPersist.id} */
  readonly id: string;
  readonly error: unknown;
}

/** What a batch is persisted under. */
export interface PersistContext {
  /**
   * Aborted when the batch took longer than `persistTimeout`, when another process may have taken over, and when `close`
   * ran out of time: what goes on after that is repeated by somebody.
   */
  readonly signal: AbortSignal;
}

/**
 * Brings a batch, at most one write per key in the order of their ids, into the database.
 *
 * Returns the writes that failed, if not all were taken; a rejection says that none was, as with a transaction. Each write
 * comes at least once, so it must be harmless twice. Writes that failed before come alone, one per call.
 */
export type Persist<T> = (
  batch: readonly WriteToPersist<T>[],
  context: PersistContext,
) => PersistResult | Promise<PersistResult>;

// A function that returns nothing is what most will write.
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type
type PersistResult = readonly FailedWrite[] | void;
