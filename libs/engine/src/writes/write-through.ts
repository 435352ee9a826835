import { isCacheFault } from '../authority/cache-fault.js';
import type { WriteTicket } from '../authority/authority.port.js';
import type { CacheContext } from '../cache-context.js';
import type { EntryOptions, ResolvedEntryOptions } from '../entry/entry-options.js';
import { extraTimeMs } from '../entry/lifetime.js';
import { resolveEntryOptions } from '../entry/resolve-entry-options.js';
import { reportFault } from '../events/report-fault.js';
import type { Invalidator } from '../invalidation/invalidator.js';
import type { EntryWriter, Fill } from '../read-through/entry-writer.js';
import type { TierReader } from '../read-through/tier-reader.js';
import type { CacheWrites } from './cache-writes.js';

/** Thrown by a `persist` that knows that it has written nothing. */
export class NothingWritten extends Error {}

/**
 * Writes to the source of a key, then to the cache, as one step for readers.
 *
 * From before the source is written nobody is served the old value, and no load can store it: the writer has removed it
 * and holds the key's lease. Readers that come meanwhile wait for the new value, as they would for a load. A writer that
 * dies leaves a key without a value, and its lease ends with it.
 */
export class WriteThrough {
  constructor(
    private readonly context: CacheContext,
    private readonly reader: TierReader,
    private readonly writer: EntryWriter,
    private readonly writes: CacheWrites,
    private readonly invalidator: Invalidator,
  ) {}

  /**
   * @param persist writes to the source and returns the value to cache
   * @throws what `persist` throws; then the key has no value, as it may or may not have been written
   */
  async write<T>(key: string, persist: () => T | Promise<T>, given?: EntryOptions): Promise<T> {
    const options = resolveEntryOptions(this.context.options, given);
    this.writes.supersede(key);
    const { stamp } = this.reader.begin();
    const ticket = await this.#seize(key, options);
    let value: T;
    try {
      value = await persist();
    } catch (error) {
      await this.#giveUp(this.#fill(key, ticket), error);
      throw error;
    }
    const isOvertaken = this.#isOvertaken(key, stamp);
    this.writes.supersede(key);
    const isStored = !isOvertaken && (await this.#isStored(value, options, this.#fill(key, ticket)));
    if (!isStored) await this.invalidator.delete([key]);
    return value;
  }

  /** Of two writes at once nobody knows which the source has taken last. In Redis the lease shows that there was another. */
  #isOvertaken(key: string, stamp: number): boolean {
    const { authority, memory } = this.context;
    return !authority.isShared && memory.changes.isChangedHere(key, stamp);
  }

  /** `undefined`: Redis is away, and may have an old value; that is evicted once the new one is persisted. */
  async #seize(key: string, options: ResolvedEntryOptions): Promise<WriteTicket | undefined> {
    try {
      return await this.context.authority.seize(key, options.tags, options.ttlMs + extraTimeMs(options));
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'seize', error);
      return undefined;
    }
  }

  /** Whoever could not be kept from loading while the source was written has the old value. */
  async #giveUp(fill: Fill, error: unknown): Promise<void> {
    const isWritten = !(error instanceof NothingWritten);
    await Promise.all([isWritten && this.invalidator.delete([fill.key]), this.writer.release(fill)]);
  }

  /** A value that cannot be stored is persisted all the same: it is the caller's, and the key stays empty. */
  async #isStored(value: unknown, options: ResolvedEntryOptions, fill: Fill): Promise<boolean> {
    if (fill.ticket === undefined) return false;
    try {
      return (await this.writer.store(value, options, fill)).outcome.stored;
    } catch (error) {
      reportFault(this.context, 'write-through', error);
      await this.writer.release(fill);
      return false;
    }
  }

  #fill(key: string, ticket: WriteTicket | undefined): Fill {
    return { key, start: this.reader.begin(), ticket, origin: 'load', mayKeepUnproven: false };
  }
}
