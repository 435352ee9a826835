import type { CacheEntry } from '../entry/cache-entry.js';
import type { Lifetime } from '../memory/memory-store.js';

/** What an entry must prove to have been loaded after; taken before the load, spent by {@link Authority.write}. */
export interface LoadTicket {
  readonly tags: readonly string[];
}

/** A value with what it is to be stored with. */
export interface EntryDraft extends Lifetime {
  readonly value: unknown;
  readonly tags: readonly string[];
}

/** Whether a write was taken; `unproven`: a tag may have been invalidated since the value was loaded. */
export type StoreResult = 'stored' | 'unproven';

/**
 * The place that decides what the value of a key is: Redis where there is one, else the memory of this process.
 *
 * It returns only copies that may be served: fresh ones, and ones that were expired by hand, whose tags and cache were
 * not invalidated since they were loaded. Everything may reject with the errors of the Redis port; nothing is retried.
 */
export abstract class Authority<Ticket extends LoadTicket = LoadTicket> {
  /** `memory` or `redis`: the tier in statistics, events and lookups. */
  abstract readonly tier: string;
  /** Whether other processes share it, so that memory holds only copies. */
  abstract readonly isShared: boolean;

  /** The servable copies under `keys`, in order. Naming tags that the entries carry saves a trip. */
  abstract read(keys: readonly string[], likelyTags?: readonly string[]): Promise<(CacheEntry | undefined)[]>;

  /** Opens a load of an entry with these tags. Must be awaited before the loader starts. */
  abstract openTicket(tags: readonly string[], ttlMs: number): Promise<Ticket>;

  /**
   * Stores an entry. Tags that its ticket does not name are accepted if they provably were not invalidated since it was
   * opened.
   *
   * @throws UnsupportedValueError, ValueTooLargeError
   */
  abstract write(key: string, draft: EntryDraft, ticket: Ticket): Promise<StoreResult>;

  /** Stores an entry unless there is a servable fresh one; returns whether it did. */
  abstract writeIfAbsent(key: string, draft: EntryDraft, ticket: Ticket): Promise<boolean>;

  /** Removes the copies under `keys`; returns how many there were. */
  abstract delete(keys: readonly string[]): Promise<number>;

  abstract invalidateTags(tags: readonly string[]): Promise<void>;

  abstract clear(): Promise<void>;

  /** Removes the keys that match a glob; returns how many there were. */
  abstract deleteMatching(glob: string): Promise<number>;

  /** Makes a fresh entry stale without removing it; returns whether there was one. */
  abstract expire(key: string): Promise<boolean>;

  /** Gives a fresh entry a new time to live from now on; returns whether there was one. */
  abstract touch(key: string, ttlMs: number): Promise<boolean>;

  /** Adds to a counter, making it with `ttlMs` if there is none; returns the sum. */
  abstract increment(key: string, by: number, ttlMs: number): Promise<number>;

  /** The keys of fresh entries that match a glob; one can appear twice. */
  abstract keys(glob: string): AsyncIterable<string>;
}
