import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import type { EntryOptions } from '../entry/entry-options.js';
import { reportFault } from '../events/report-fault.js';
import type { BatchLoader, Loader } from '../read-through/loader.js';
import type { AcceptOptions, WriteBehindOutcome } from '../write-behind/write-behind-outcome.js';
import type { WriteBehind } from '../write-behind/write-behind.js';
import { NothingWritten } from './write-through.js';
import type { WriteThrough } from './write-through.js';

/**
 * Writes the keys of a cache behind: readers get a value as soon as it is accepted, the database a moment later.
 *
 * Load through {@link loader} or {@link batchLoader}, which ask the queue before the database; else a key that falls out of
 * the cache in between is loaded with what was there before.
 */
export class BehindWriter<T> {
  constructor(
    private readonly context: CacheContext,
    /** For dead letters, statistics, and what waits. */
    readonly queue: WriteBehind<T>,
    private readonly writeThrough: WriteThrough,
  ) {}

  /**
   * Accepts a value and caches it. One that is not accepted is not cached, and the outcome says why.
   *
   * @throws as {@link WriteBehind.accept}
   */
  async write(key: string, value: T, options: EntryOptions & AcceptOptions = {}): Promise<WriteBehindOutcome> {
    const { idempotencyKey, ...entryOptions } = options;
    let outcome: WriteBehindOutcome | undefined;
    try {
      const accept = async () => {
        outcome = await this.queue.accept(key, value, idempotencyKey === undefined ? {} : { idempotencyKey });
        // A value that the queue did not take is no value of the key.
        if (!outcome.accepted) throw outcome.reason === 'unknown' ? new Error('not confirmed') : new NothingWritten();
        return value;
      };
      await this.writeThrough.write(key, accept, entryOptions);
      return outcome as unknown as WriteBehindOutcome;
    } catch (error) {
      if (outcome?.accepted === false) return outcome;
      throw error;
    }
  }

  /** A loader that gives what was accepted and is not persisted yet, and calls `load` for the rest. */
  loader(load: Loader<T>): Loader<T> {
    return async (context) => {
      const [waiting] = await this.#waiting([context.key]);
      return waiting === undefined ? load(context) : waiting.value;
    };
  }

  /** As {@link loader}, for many keys. */
  batchLoader(load: BatchLoader<T>): BatchLoader<T> {
    return async (keys, context) => {
      const waiting = await this.#waiting(keys);
      const accepted = new Map<string, T>();
      for (const [index, key] of keys.entries()) {
        const write = waiting[index];
        if (write !== undefined) accepted.set(key, write.value);
      }
      const others = keys.filter((key) => !accepted.has(key));
      const loaded = others.length === 0 ? [] : await load(others, context);
      return new Map([...loaded, ...accepted]);
    };
  }

  /** While Redis is away nobody can know what waits there, and the database is all there is. */
  async #waiting(keys: readonly string[]): Promise<readonly ({ readonly value: T } | undefined)[]> {
    try {
      return await this.queue.pendingMany(keys);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'pending-writes', error);
      return [];
    }
  }
}
