import type { Clock, Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import type { OwnEchoes } from '../coherence/own-echoes.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { Lifetime } from '../entry/lifetime.js';
import { ENVELOPE_FIXED_BYTES } from '../envelope/envelope.js';
import type { KeySpace } from '../keys/key-space.js';
import type { LeaseWaiters } from '../leases/lease-waiters.js';
import type { RedisLeases } from '../leases/redis-leases.js';
import type { LocalChanges } from '../memory/local-changes.js';
import type { FoundVersions, TagRecords } from '../tags/tag-records.js';
import { isCounter } from '../tiers/counter-entry.js';
import type { RedisTier } from '../tiers/redis.tier.js';
import { Authority } from './authority.port.js';
import type {
  AuthorityAnswer,
  EntryDraft,
  FailureTerms,
  LoadClaim,
  StoredEntry,
  StoreResult,
} from './authority.port.js';
import type { RedisCounters } from './redis-counters.js';
import type { RedisTicket } from './redis-ticket.js';

/** The parts of a {@link RedisAuthority}. */
export interface RedisAuthorityParts {
  readonly redis: RedisPort;
  readonly entries: RedisTier;
  readonly records: TagRecords;
  readonly leases: RedisLeases;
  readonly waiters: LeaseWaiters;
  readonly counters: RedisCounters;
  readonly keySpace: KeySpace;
  readonly changes: LocalChanges;
  readonly clock: Clock;
  readonly random: Random;
  readonly echoes: OwnEchoes;
  /** Whether changes are heard now. */
  readonly isHeard: () => boolean;
}

/** How many keys are looked at in one trip when keys are listed; their values come along. */
const KEYS_PER_LISTING = 100;
/** What a sum and a difference of moments may be off, as they are numbers with 53 bits. */
const ROUNDING_MS = 0.01;
const WRITE_ID_BYTES = 8;
/** How often to look whether a load has ended while no word of it would be heard. */
const POLL_MS = 50;
/** How often a conditional change looks again at a key that others keep writing. */
const MAX_ATTEMPTS = 5;
const SUPERSEDED: StoreResult = { kind: 'superseded' };

/** Redis as the authority: every process that uses the namespace sees the same entries, tags and counters. */
export class RedisAuthority extends Authority<RedisTicket> {
  override readonly tier = 'redis';
  override readonly isShared = true;

  constructor(private readonly parts: RedisAuthorityParts) {
    super();
  }

  /** Values and records come in one trip, as the hot path of every cache over Redis; tags not known yet cost another. */
  override async read(
    keys: readonly string[],
    stamp: number,
    likelyTags: readonly string[] = [],
  ): Promise<AuthorityAnswer> {
    const { entries: tier, keySpace, records, redis, clock } = this.parts;
    const syncing = tier.sync();
    if (syncing !== undefined) await syncing;
    const asked = records.toRead(likelyTags);
    const wanted = keys.map((key) => keySpace.valueKey(key));
    wanted.push(...asked.redisKeys);
    const stored = await redis.read(wanted);
    const nowMs = clock.monotonicMs();
    const found = records.found(asked, stored.slice(keys.length), stamp);
    const entries: (CacheEntry | undefined)[] = [];
    const seen: (Buffer | undefined)[] = [];
    let isMoreNeeded = false;
    for (const [index, key] of keys.entries()) {
      const bytes = stored[index] ?? undefined;
      const entry = bytes && tier.decode(key, bytes, nowMs);
      const isValid = entry !== undefined && this.#judge(entry, found);
      if (isValid === undefined) isMoreNeeded = true;
      entries.push(isValid === false ? undefined : entry);
      seen.push(bytes);
    }
    return { entries: isMoreNeeded ? await this.#validWithMore(keys, entries, found, stamp) : entries, seen };
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
      const entry = await this.#toEntry(draft, ticket);
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
      const stored = await this.#stored(key);
      const isSame = stored?.subarray(0, ENVELOPE_FIXED_BYTES).equals(ticket.lease?.seen ?? Buffer.alloc(0)) ?? false;
      if (stored === undefined || !isSame || ticket.lease === undefined) {
        await leases.release(key, ticket);
        return false;
      }
      await this.#prolongRecords(ticket.tags, times.goneAtMs - times.createdAtMs);
      const keptForMs = times.goneAtMs - this.parts.clock.monotonicMs();
      return await entries.replaceTimes(key, stored, times, keptForMs, ticket.lease.token);
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

  override untilReleased(key: string, timeoutMs: number): Promise<void> {
    const { waiters, keySpace, isHeard } = this.parts;
    return waiters.wait(keySpace.listedKey(key), isHeard() ? timeoutMs : Math.min(timeoutMs, POLL_MS));
  }

  override async openTicket(tags: readonly string[], lifeMs: number): Promise<RedisTicket> {
    const versions = await this.parts.records.take(tags, lifeMs);
    return { tags, lifeMs, versions, takenAt: undefined, lease: undefined };
  }

  override async write(key: string, draft: EntryDraft, ticket: RedisTicket): Promise<StoreResult> {
    const entry = await this.#toEntry(draft, ticket);
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
      const [present, stored] = await this.#readWhole(key);
      const isPresent = present !== undefined && draft.createdAtMs < present.freshUntilMs;
      if (isPresent !== (condition === 'present')) return { kind: 'unmet' };
      const entry = await this.#toEntry(draft, ticket);
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
    const nowMs = this.parts.clock.monotonicMs();
    const floor = { createdAtMs: nowMs, freshUntilMs: -Infinity, goneAtMs: -Infinity, tags: [], etag: undefined };
    const draft = { ...floor, value: null, sourceVersion: version, loadMs: 0 };
    return this.parts.entries.deleteVersion(key, this.#newEntry(draft, '0'.repeat(16), []), floorMs);
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
      const [present, stored] = await this.#readWhole(key);
      if (present === undefined || stored === undefined) {
        await entries.delete([key]);
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
    const [present, stored] = await this.#readWhole(key);
    if (present === undefined || stored === undefined) return false;
    if (isCounter(present)) return counters.touch(key, freshForMs);
    const nowMs = clock.monotonicMs();
    if (nowMs >= present.freshUntilMs) return false;
    const keptForMs = freshForMs + extraMs;
    await this.#prolongRecords(tagsOf(present), keptForMs);
    const times = { createdAtMs: present.createdAtMs, freshUntilMs: nowMs + freshForMs, goneAtMs: nowMs + keptForMs };
    return entries.replaceTimes(key, stored, times, keptForMs, 'none');
  }

  override async slide(key: string, entry: StoredEntry, freshUntilMs: number): Promise<void> {
    const stored = await this.#stored(key);
    const { entries, clock } = this.parts;
    const present = stored && entries.decode(key, stored, clock.monotonicMs());
    if (stored === undefined || present?.writeId !== entry.writeId || present.freshUntilMs >= freshUntilMs) return;
    const goneAtMs = freshUntilMs + (present.goneAtMs - present.freshUntilMs);
    const keptForMs = goneAtMs - clock.monotonicMs();
    await this.#prolongRecords(tagsOf(present), keptForMs);
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

  /** `undefined` for a counter, and for an entry with a version that is not known. */
  #judge(entry: CacheEntry, found: FoundVersions): boolean | undefined {
    return isCounter(entry) ? undefined : this.parts.records.judge(entry, found);
  }

  async #validWithMore(
    keys: readonly string[],
    entries: readonly (CacheEntry | undefined)[],
    found: FoundVersions,
    stamp: number,
  ): Promise<(CacheEntry | undefined)[]> {
    const { records, counters } = this.parts;
    const unknownTags = new Set<string>();
    for (const entry of entries) {
      for (const { tag } of entry?.tags ?? []) if (!found.tags.has(tag)) unknownTags.add(tag);
    }
    const isAllKnown = found.clear !== undefined && unknownTags.size === 0;
    const more = isAllKnown ? found : await records.read([...unknownTags], stamp);
    const all = { clear: more.clear, tags: new Map([...found.tags, ...more.tags]) };
    return Promise.all(
      entries.map(async (entry, index) => {
        if (entry === undefined) return undefined;
        if (isCounter(entry)) return counters.ifValid(keys[index] ?? '', entry, all.clear ?? undefined);
        return records.judge(entry, all) === true ? entry : undefined;
      }),
    );
  }

  /** Who waits in this process need not wait for the word of Redis. */
  #wake(key: string): void {
    this.parts.waiters.wake(this.parts.keySpace.listedKey(key));
  }

  async #stored(key: string): Promise<Buffer | undefined> {
    const { entries, redis, keySpace } = this.parts;
    await entries.sync();
    const [stored] = await redis.read([keySpace.valueKey(key)]);
    return stored ?? undefined;
  }

  /** A valid entry together with its bytes as they are stored, for a change that must not undo another's. */
  async #readWhole(key: string): Promise<[entry: CacheEntry | undefined, stored: Buffer | undefined]> {
    const { entries, seen } = await this.read([key], this.parts.changes.stamp());
    return [entries[0], seen[0] as Buffer | undefined];
  }

  async #toEntry(draft: EntryDraft, ticket: RedisTicket): Promise<CacheEntry | undefined> {
    const { records } = this.parts;
    const lifeMs = draft.goneAtMs - draft.createdAtMs;
    const derived = draft.tags.filter((tag) => !ticket.tags.includes(tag));
    let taken = ticket.versions;
    if (derived.length > 0) {
      const more =
        ticket.takenAt === undefined ? undefined : await records.addDerived(taken, ticket.takenAt, derived, lifeMs);
      if (more === undefined) return undefined;
      taken = more;
    }
    const tags = taken.tags.filter(({ tag }) => draft.tags.includes(tag));
    if (lifeMs > ticket.lifeMs + ROUNDING_MS) await this.#prolongRecords(draft.tags, lifeMs);
    return this.#newEntry(draft, taken.clear, tags);
  }

  #newEntry(draft: EntryDraft, clearVersion: string, tags: CacheEntry['tags']): CacheEntry {
    return {
      value: draft.value,
      createdAtMs: draft.createdAtMs,
      freshUntilMs: draft.freshUntilMs,
      goneAtMs: draft.goneAtMs,
      clearVersion,
      tags,
      writeId: this.parts.random.bytes(WRITE_ID_BYTES).toString('hex'),
      sourceVersion: draft.sourceVersion,
      etag: draft.etag,
      loadMs: draft.loadMs,
    };
  }

  /** Lets the records of an entry outlive it, whose own time has become longer than was said before. */
  async #prolongRecords(tags: readonly string[], lifeMs: number): Promise<void> {
    await this.parts.records.take(tags, lifeMs);
  }
}

function tagsOf({ tags }: Pick<CacheEntry, 'tags'>): string[] {
  return tags.map(({ tag }) => tag);
}
