import type { CacheEntry } from '../entry/cache-entry.js';
import type { Lifetime } from '../entry/lifetime.js';

/** What an entry must prove to have been made after; taken before, spent by a write. */
export interface WriteTicket {
  readonly tags: readonly string[];
}

/** A value with what it is to be stored with. */
export interface EntryDraft extends Lifetime {
  readonly value: unknown;
  readonly tags: readonly string[];
  readonly sourceVersion: string;
  readonly etag: string | undefined;
  readonly loadMs: number;
}

/** An entry as it was stored. */
export type StoredEntry = Omit<CacheEntry, 'value'>;

/** Whether a write was taken. */
export type StoreResult =
  | { readonly kind: 'stored'; readonly entry: StoredEntry }
  /** Its key was written or evicted meanwhile, or a tag may have been invalidated since the value was made. */
  | { readonly kind: 'superseded' }
  /** What is stored has a higher version at the source. */
  | { readonly kind: 'older-version' }
  /** A conditional write met something else than its condition. */
  | { readonly kind: 'unmet' };

/** What the authority has of some keys. */
export interface AuthorityAnswer {
  /** The valid copies in the order of the keys, fresh or stale. */
  readonly entries: readonly (CacheEntry | undefined)[];
  /** What was there under each key, to be shown to {@link Authority.claim}. */
  readonly seen: readonly unknown[];
}

/** The answer to a load that asks whether it may run. */
export type LoadClaim<Ticket extends WriteTicket = WriteTicket> =
  /** It is the one load of its key, and may store what it brings. */
  | { readonly kind: 'granted'; readonly ticket: Ticket }
  /** Another load is under way; `leftMs`: when to ask again if nothing is heard of it. */
  | { readonly kind: 'held'; readonly leftMs: number }
  /**
   * A load failed a moment ago, and its error stands for this one. `isShared`: also where there is no stale copy.
   * `record`: what says so, for {@link Authority.forgive}.
   */
  | { readonly kind: 'failed'; readonly error: unknown; readonly isShared: boolean; readonly record: unknown }
  /** The key has been written since it was read. */
  | { readonly kind: 'changed' };

/** How long the failure of a load stands for others; 0: not at all. */
export interface FailureTerms {
  readonly error: unknown;
  readonly forMs: number;
  /** Whether loads without a stale copy get the error, too. */
  readonly isShared: boolean;
}

/**
 * The place that decides what the value of a key is: Redis where there is one, else the memory of this process.
 *
 * It returns only copies whose tags and cache were not invalidated since they were made. Everything may reject with the
 * errors of the Redis port; nothing is retried.
 */
export abstract class Authority<Ticket extends WriteTicket = WriteTicket> {
  /** `memory` or `redis`: the tier in statistics, events and lookups. */
  abstract readonly tier: string;
  /** Whether other processes share it, so that memory holds only copies. */
  abstract readonly isShared: boolean;

  /**
   * The valid copies under `keys`.
   *
   * @param stamp of the local changes when the read began
   * @param likelyTags naming tags that the entries carry saves a trip
   */
  abstract read(keys: readonly string[], stamp: number, likelyTags?: readonly string[]): Promise<AuthorityAnswer>;

  /**
   * Asks for each key whether a load of it may run, in one trip; a claim that is granted must end in {@link fill},
   * {@link renew}, {@link discard} or {@link release}.
   *
   * @param seen what the read before it saw; `undefined`: whatever is there, and other loads lose their claims
   */
  abstract claim(
    keys: readonly string[],
    seen: readonly unknown[] | undefined,
    tags: readonly string[],
    lifeMs: number,
  ): Promise<LoadClaim<Ticket>[]>;

  /** Takes the key for a load that does not ask: what is stored goes, and so does the lease of any other load. */
  abstract seize(key: string, tags: readonly string[], lifeMs: number): Promise<Ticket>;

  /**
   * Stores what a load brought, if its claim still stands, and ends the claim in any case.
   *
   * @param isOutdated asked last of all, for what is heard while the records of tags are being asked for
   */
  abstract fill(key: string, draft: EntryDraft, ticket: Ticket, isOutdated: () => boolean): Promise<StoreResult>;

  /** Gives the stale copy that a load found unchanged at the source new times, and ends the load's claim. */
  abstract renew(key: string, times: Lifetime, ticket: Ticket): Promise<boolean>;

  /**
   * Ends the claim of a load whose value is not to be stored, and removes the copy that it was to replace, unless
   * something newer is there; returns whether it did. A floor stays.
   */
  abstract discard(key: string, ticket: Ticket): Promise<boolean>;

  /** Ends a claim without a value. */
  abstract release(key: string, ticket: Ticket, failure?: FailureTerms): Promise<void>;

  /** Removes the word that a load failed, which does not stand for who asked, so that a claim can be granted. */
  abstract forgive(key: string, record: unknown): Promise<void>;

  /** Resolves once a load that held the claim has ended, as far as it is heard, or after `timeoutMs`. */
  abstract untilReleased(key: string, timeoutMs: number): Promise<void>;

  /** Prepares a write of an entry with these tags. */
  abstract openTicket(tags: readonly string[], lifeMs: number): Promise<Ticket>;

  /**
   * Stores an entry whatever is there, except a higher source version. Tags that the ticket does not name are accepted if
   * they provably were not invalidated since it was opened.
   *
   * @throws UnsupportedValueError, ValueTooLargeError
   */
  abstract write(key: string, draft: EntryDraft, ticket: Ticket): Promise<StoreResult>;

  /** Stores an entry only where there is no fresh one (`absent`), or only where there is one (`present`). */
  abstract writeIf(
    condition: 'absent' | 'present',
    key: string,
    draft: EntryDraft,
    ticket: Ticket,
  ): Promise<StoreResult>;

  /** Removes the copies under `keys`; returns how many there were. */
  abstract delete(keys: readonly string[]): Promise<number>;

  /** Removes a copy with this or a lower version, and refuses such ones for `floorMs`. */
  abstract deleteVersion(key: string, version: string, floorMs: number): Promise<number>;

  abstract invalidateTags(tags: readonly string[]): Promise<void>;

  abstract clear(): Promise<void>;

  /** Removes the keys that match a glob; returns how many there were. */
  abstract deleteMatching(glob: string): Promise<number>;

  /** Makes a fresh entry stale without removing it; returns whether there was one. */
  abstract expire(key: string): Promise<boolean>;

  /** Gives a fresh entry new times; returns whether there was one. */
  abstract touch(key: string, freshForMs: number, extraMs: number): Promise<boolean>;

  /** Lets an entry that was read stay fresh until a later moment, unless it was changed since. */
  abstract slide(key: string, entry: StoredEntry, freshUntilMs: number): Promise<void>;

  /** Adds to a counter; one that is made has the time to live. @throws NotACounterError */
  abstract increment(key: string, by: number, ttlMs: number): Promise<number>;

  /** The keys of valid, fresh entries that match a glob; one can come twice. */
  abstract keys(glob: string): AsyncIterable<string>;

  /** Ends what is held elsewhere on behalf of this process. */
  abstract close(): Promise<void>;
}
