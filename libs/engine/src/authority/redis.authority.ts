import type { Random } from '@nest-strata/core';
import type { OwnEchoes } from '../coherence/own-echoes.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { Lifetime } from '../entry/lifetime.js';
import { ENVELOPE_FIXED_BYTES } from '../envelope/envelope.js';
import type { LeaseWaiters } from '../leases/lease-waiters.js';
import type { RedisLeases } from '../leases/redis-leases.js';
import { isCounter } from '../tiers/counter-entry.js';
import { Authority } from './authority.port.js';
import type {
  AuthorityAnswer,
  EntryDraft,
  FailureTerms,
  LoadClaim,
  StoredEntry,
  StoreResult,
} from './authority.port.js';
import { RedisReader } from './redis-reader.js';
import type { RedisReaderParts } from './redis-reader.js';
import type { RedisTicket } from './redis-ticket.js';
import { VersionedEntries } from './versioned-entries.js';

/** The parts of a {@link RedisAuthority}. */
export interface RedisAuthorityParts extends RedisReaderParts {
  readonly leases: RedisLeases;
  readonly waiters: LeaseWaiters;
  readonly random: Random;
  readonly echoes: OwnEchoes;
  /** Whether changes are heard now. */
  readonly isHeard: () => boolean;
}

/** How many keys are looked at in one trip when keys are listed; their values come along. */
const KEYS_PER_LISTING = 100;
/** How often to look whether a load has ended while no word of it would be heard. */
const POLL_MS = 50;
/** How often a conditional change looks again at a key that others keep writing. */
const MAX_ATTEMPTS = 5;
/** The times of what is never served again. */
const OVER = { freshUntilMs: -Infinity, goneAtMs: -Infinity };
const SUPERSEDED: StoreResult = { kind: 'superseded' };

/** Redis as the authority: every process that uses the namespace sees the same entries, tags and counters. */
export class RedisAuthority extends Authority<RedisTicket> {
  override readonly tier = 'redis';
  override readonly isShared = true;

  readonly #reader: RedisReader;
  readonly #versioned: VersionedEntries;

  constructor(private readonly parts: RedisAuthorityParts) {
    super();
    this.#reader = new RedisReader(parts);
    this.#versioned = new VersionedEntries(parts.records, parts.random);
  }

  override read(keys: readonly string[], stamp: number, likelyTags?: readonly string[]): Promise<AuthorityAnswer> {
    return this.#reader.read(keys, stamp, likelyTags);
  }

  override async claim(
    keys: readonly string[],
    seen: readonly unknown[] | undefined,
    tags: readonly string[],
    lifeMs: number,
  ): Promise<LoadClaim<RedisTicket>[]> {
    const { echoes, keySpace } = this.parts;
    const onTheirWay = keys.map((key) => echoes.settled(keySpace.listedKey(key))).filter((echo) => echo !== undefined);
    if (onTheirWay.length > 0) await Promise.all(onTheirWay);
    const headers = seen?.map((bytes) => (bytes as Buffer | undefined)?.subarray(0, ENVELOPE_FIXED_BYTES));
    return this.parts.leases.claim(keys, headers, tags, lifeMs);
  }

  override seize(key: string, tags: readonly string[], lifeMs: number): Promise<RedisTicket> {
    return this.parts.leases.seize(key, tags, lifeMs);
  }

  override async fill(
    key: string,
    draft: EntryDraft,
    ticket: RedisTicket,
    isOutdated: () => boolean,
  ): Promise<StoreResult> {
    const { entries, leases } = this.parts;
    const { lease } = ticket;
    try {
      const entry = await this.#versioned.make(draft, ticket);
      if (entry === undefined || lease === undefined || isOutdated()) {
        await leases.release(key, ticket);
        return SUPERSEDED;
      }
      const result = await entries.fill(key, entry, lease);
      leases.forget(key, ticket);
      return result === 'stored' ? { kind: 'stored', entry } : { kind: result };
    } catch (error) {
      leases.forget(key, ticket);
      throw error;
    } finally {
      this.#wake(key);
    }
  }

  override async renew(key: string, times: Lifetime, ticket: RedisTicket): Promise<boolean> {
    const { entries, leases } = this.parts;
    try {
      const stored = await this.#reader.readBytes(key);
      const isSame = stored?.subarray(0, ENVELOPE_FIXED_BYTES).equals(ticket.lease?.seen ?? Buffer.alloc(0)) ?? false;
      if (stored === undefined || !isSame || ticket.lease === undefined) {
        await leases.release(key, ticket);
        return false;
      }
      const nowMs = this.parts.clock.monotonicMs();
      const tags = tagsOf(entries.decode(key, stored, nowMs) ?? { tags: [] });
      await this.#versioned.prolongRecords(tags, times.goneAtMs - times.createdAtMs);
      const keptForMs = times.goneAtMs - nowMs;
      return await entries.replaceTimes(key, stored, times, keptForMs, ticket.lease.token);
    } finally {
      leases.forget(key, ticket);
      this.#wake(key);
    }
  }

  override async discard(key: string, ticket: RedisTicket): Promise<boolean> {
    const { entries, leases } = this.parts;
    const { lease } = ticket;
    try {
      const [present, stored] = lease === undefined || lease.seen.length === 0 ? [] : await this.#reader.readWhole(key);
      if (lease === undefined || present === undefined || stored === undefined) {
        await leases.release(key, ticket);
        return false;
      }
      if (isCounter(present)) return (await entries.delete([key])) > 0;
      const isRemoved = await entries.replaceTimes(key, stored, { ...present, ...OVER }, 0, lease.token);
      if (!isRemoved) await leases.release(key, ticket);
      return isRemoved;
    } finally {
      leases.forget(key, ticket);
      this.#wake(key);
    }
  }

  override async release(key: string, ticket: RedisTicket, failure?: FailureTerms): Promise<void> {
    try {
      await this.parts.leases.release(key, ticket, failure);
    } finally {
      this.#wake(key);
    }
  }

  override forgive(key: string, record: unknown): Promise<void> {
    return this.parts.leases.forgive(key, record as Buffer);
  }

  override untilReleased(key: string, timeoutMs: number): Promise<void> {
    const { waiters, keySpace, isHeard } = this.parts;
    return waiters.wait(keySpace.listedKey(key), isHeard() ? timeoutMs : Math.min(timeoutMs, POLL_MS));
  }

  override async openTicket(tags: readonly string[], lifeMs: number): Promise<RedisTicket> {
    const versions = await this.parts.records.take(tags, lifeMs);
    return { tags, lifeMs, versions, takenAt: undefined, lease: undefined };
  }

  override async write(key: string, draft: EntryDraft, ticket: RedisTicket): Promise<StoreResult> {
    const entry = await this.#versioned.make(draft, ticket);
    if (entry === undefined) return SUPERSEDED;
    const result = await this.parts.entries.store(key, entry);
    return result === 'stored' ? { kind: 'stored', entry } : { kind: 'older-version' };
  }

  override async writeIf(
    condition: 'absent' | 'present',
    key: string,
    draft: EntryDraft,
    ticket: RedisTicket,
  ): Promise<StoreResult> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const [present, stored] = await this.#reader.readWhole(key);
      const isPresent = present !== undefined && draft.createdAtMs < present.freshUntilMs;
      if (isPresent !== (condition === 'present')) return { kind: 'unmet' };
      const entry = await this.#versioned.make(draft, ticket);
      if (entry === undefined) return SUPERSEDED;
      const result = await this.parts.entries.storeOver(key, entry, stored ?? Buffer.alloc(0));
      if (result === 'stored') return { kind: 'stored', entry };
      if (result === 'older-version') return { kind: 'older-version' };
      // Something else is there now, which may meet the condition or not.
    }
    return SUPERSEDED;
  }

  override delete(keys: readonly string[]): Promise<number> {
    return this.parts.entries.delete(keys);
  }

  override async deleteVersion(key: string, version: string, floorMs: number): Promise<number> {
    const floor = this.#versioned.makeFloor(version, this.parts.clock.monotonicMs());
    return this.parts.entries.deleteVersion(key, floor, floorMs);
  }

  override invalidateTags(tags: readonly string[]): Promise<void> {
    return this.parts.records.bump(tags);
  }

  override clear(): Promise<void> {
    return this.parts.records.bumpClear();
  }

  override deleteMatching(glob: string): Promise<number> {
    return this.parts.entries.deleteMatching(glob);
  }

  override async expire(key: string): Promise<boolean> {
    const { entries, clock } = this.parts;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const [present, stored] = await this.#reader.readWhole(key);
      if (present === undefined || stored === undefined) {
        await entries.endLoad(key);
        return false;
      }
      if (isCounter(present)) return (await entries.delete([key])) > 0;
      const wasFresh = clock.monotonicMs() < present.freshUntilMs;
      const isDone = await entries.replaceTimes(key, stored, { ...present, freshUntilMs: -Infinity }, undefined, 'any');
      if (isDone) return wasFresh;
      // A load that began before has stored its value in between, which is as old; its lease is gone now.
    }
    return (await entries.delete([key])) > 0;
  }

  override async touch(key: string, freshForMs: number, extraMs: number): Promise<boolean> {
    const { entries, clock, counters } = this.parts;
    const [present, stored] = await this.#reader.readWhole(key);
    if (present === undefined || stored === undefined) return false;
    if (isCounter(present)) return counters.touch(key, freshForMs);
    const nowMs = clock.monotonicMs();
    if (nowMs >= present.freshUntilMs) return false;
    const keptForMs = freshForMs + extraMs;
    await this.#versioned.prolongRecords(tagsOf(present), keptForMs);
    const times = { createdAtMs: present.createdAtMs, freshUntilMs: nowMs + freshForMs, goneAtMs: nowMs + keptForMs };
    return entries.replaceTimes(key, stored, times, keptForMs, 'none');
  }

  override async slide(key: string, entry: StoredEntry, freshUntilMs: number): Promise<void> {
    const stored = await this.#reader.readBytes(key);
    const { entries, clock } = this.parts;
    const nowMs = clock.monotonicMs();
    const present = stored && entries.decode(key, stored, nowMs);
    if (stored === undefined || present?.writeId !== entry.writeId) return;
    // What is stale was expired by hand: it is not brought back.
    if (nowMs >= present.freshUntilMs || present.freshUntilMs >= freshUntilMs) return;
    const goneAtMs = freshUntilMs + (present.goneAtMs - present.freshUntilMs);
    const keptForMs = goneAtMs - clock.monotonicMs();
    await this.#versioned.prolongRecords(tagsOf(present), keptForMs);
    await entries.replaceTimes(key, stored, { ...present, freshUntilMs, goneAtMs }, keptForMs, 'none');
  }

  override async increment(key: string, by: number, ttlMs: number): Promise<number> {
    const { clear } = await this.parts.records.take([], ttlMs);
    return this.parts.counters.increment(key, by, ttlMs, clear);
  }

  override async close(): Promise<void> {
    await this.parts.leases.close();
  }

  override async *keys(glob: string): AsyncIterable<string> {
    const { entries, changes, clock } = this.parts;
    for await (const keys of entries.keys(glob)) {
      for (let from = 0; from < keys.length; from += KEYS_PER_LISTING) {
        const batch = keys.slice(from, from + KEYS_PER_LISTING);
        const found = await this.read(batch, changes.stamp());
        const nowMs = clock.monotonicMs();
        for (const [index, key] of batch.entries()) if (nowMs < (found.entries[index]?.freshUntilMs ?? 0)) yield key;
      }
    }
  }

  /** Who waits in this process need not wait for the word of Redis. */
  #wake(key: string): void {
    this.parts.waiters.wake(this.parts.keySpace.listedKey(key));
  }
}

function tagsOf({ tags }: Pick<CacheEntry, 'tags'>): string[] {
  return tags.map(({ tag }) => tag);
}
