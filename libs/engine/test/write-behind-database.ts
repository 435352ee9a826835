import type { FailedWrite, WriteToPersist } from '@nest-strata/engine';
import { Gate } from '@nest-strata/testing';

/** A database in memory that remembers every write that it took, in order, and fails as it is told. */
export class RecordingDatabase<T> {
  readonly batches: WriteToPersist<T>[][] = [];
  readonly taken: WriteToPersist<T>[] = [];
  readonly rows = new Map<string, T>();
  /** Decides about each write; what it returns is the error. */
  reject: (write: WriteToPersist<T>) => unknown = () => undefined;
  /** Batches wait here before they are taken; open at first. */
  readonly gate = new Gate();
  /** Whether a write that fails takes its whole batch along, as in a transaction. */
  isTransactional = false;

  constructor() {
    this.gate.open();
  }

  /** Give it to `createWriteBehind`. */
  readonly persist = async (batch: readonly WriteToPersist<T>[]): Promise<readonly FailedWrite[]> => {
    this.batches.push([...batch]);
    await this.gate.pass();
    const failed: FailedWrite[] = [];
    for (const write of batch) {
      const error = this.reject(write);
      if (error !== undefined) failed.push({ id: write.id, error });
    }
    if (this.isTransactional && failed.length > 0) throw failed[0]?.error as Error;
    for (const write of batch) if (!failed.some(({ id }) => id === write.id)) this.#take(write);
    return failed;
  };

  /** The values that were taken for a key, in order. */
  valuesOf(key: string): T[] {
    return this.taken.filter((write) => write.key === key).map(({ value }) => value);
  }

  #take(write: WriteToPersist<T>): void {
    this.taken.push(write);
    this.rows.set(write.key, write.value);
  }
}
