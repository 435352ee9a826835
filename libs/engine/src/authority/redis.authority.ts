import type { Clock, Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import type { CacheEntry } from '../entry/cache-entry.js';
import { ENVELOPE_FIXED_BYTES } from '../envelope/envelope.js';
import type { KeySpace } from '../keys/key-space.js';
import { isEntryValid } from '../tags/tag-records.js';
import type { KnownVersions, TagRecords, TakenVersions } from '../tags/tag-records.js';
import { isCounter } from '../tiers/counter-entry.js';
import { toPx } from '../tiers/redis-ttl.js';
import type { RedisTier } from '../tiers/redis.tier.js';
import { Authority } from './authority.port.js';
import type { EntryDraft, LoadTicket, StoreResult } from './authority.port.js';
import type { RedisCounters } from './redis-counters.js';
import { replaceHeaderScript } from './replace-header.script.js';
import { storeIfUnchangedScript } from './store-if-unchanged.script.js';

/** The versions that an entry is to carry, taken before its load. */
export interface RedisLoadTicket extends LoadTicket {
  readonly versions: TakenVersions;
  /** What the records were made to outlive. */
  readonly ttlMs: number;
}

/** How many keys are looked at in one trip when keys are listed; their values come along. */
const KEYS_PER_LISTING = 100;
const WRITE_ID_BYTES = 8;

/** Redis as the authority: every process that uses the namespace sees the same entries, tags and counters. */
export class RedisAuthority extends Authority<RedisLoadTicket> {
  override readonly tier = 'redis';
  override readonly isShared = true;

  constructor(
    private readonly redis: RedisPort,
    private readonly entries: RedisTier,
    private readonly records: TagRecords,
    private readonly counters: RedisCounters,
    private readonly keySpace: KeySpace,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    super();
  }

  /** Values and records come in one trip, as the hot path of every cache over Redis; tags not known yet cost another. */
  override async read(
    keys: readonly string[],
    likelyTags: readonly string[] = [],
  ): Promise<(CacheEntry | undefined)[]> {
    const syncing = this.entries.sync();
    if (syncing !== undefined) await syncing;
    const wanted = keys.map((key) => this.keySpace.valueKey(key));
    wanted.push(...this.records.keysOf(likelyTags));
    const stored = await this.redis.read(wanted);
    const nowMs = this.clock.monotonicMs();
    const known = this.records.versionsIn(stored, likelyTags, keys.length);
    const entries: (CacheEntry | undefined)[] = [];
    let isMoreNeeded = false;
    for (const [index, key] of keys.entries()) {
      const bytes = stored[index];
      const entry = bytes ? this.entries.decode(key, bytes, nowMs) : undefined;
      const isValid = entry !== undefined && judge(entry, known);
      if (isValid === undefined) isMoreNeeded = true;
      entries.push(isValid === false ? undefined : entry);
    }
    return isMoreNeeded ? this.#servableWithMore(keys, entries, known) : entries;
  }

  override async openTicket(tags: readonly string[], ttlMs: number): Promise<RedisLoadTicket> {
    return { tags, ttlMs, versions: await this.records.take(tags, ttlMs) };
  }

  override async write(key: string, draft: EntryDraft, ticket: RedisLoadTicket): Promise<StoreResult> {
    const entry = await this.#toEntry(draft, ticket);
    if (entry === undefined) return 'unproven';
    await this.entries.write(key, entry);
    return 'stored';
  }

  override async writeIfAbsent(key: string, draft: EntryDraft, ticket: RedisLoadTicket): Promise<boolean> {
    const [present, stored] = await this.#readWhole(key);
    if (present !== undefined && draft.createdAtMs < present.freshUntilMs) return false;
    const entry = await this.#toEntry(draft, ticket);
    if (entry === undefined) return false;
    const bytes = this.entries.encode(key, entry);
    const seen = stored?.subarray(0, ENVELOPE_FIXED_BYTES) ?? '';
    const ttlMs = toPx(entry.goneAtMs - entry.createdAtMs) ?? 0;
    return this.redis.run(storeIfUnchangedScript, { value: this.keySpace.valueKey(key) }, { seen, bytes, ttlMs });
  }

  override delete(keys: readonly string[]): Promise<number> {
    return this.entries.delete(keys);
  }

  override invalidateTags(tags: readonly string[]): Promise<void> {
    return this.records.bump(tags);
  }

  override clear(): Promise<void> {
    return this.records.bumpClear();
  }

  override deleteMatching(glob: string): Promise<number> {
    return this.entries.deleteMatching(glob);
  }

  override async expire(key: string): Promise<boolean> {
    const [present, stored] = await this.#readWhole(key);
    if (present === undefined || stored === undefined) return false;
    if (isCounter(present)) return (await this.entries.delete([key])) > 0;
    const freshUntilMs = this.clock.monotonicMs();
    if (freshUntilMs >= present.freshUntilMs) return false;
    return this.#replaceTimes(key, stored, { freshUntilMs, goneAtMs: present.goneAtMs }, -1);
  }

  override async touch(key: string, ttlMs: number): Promise<boolean> {
    const [present, stored] = await this.#readWhole(key);
    if (present === undefined || stored === undefined) return false;
    if (isCounter(present)) return this.counters.touch(key, ttlMs);
    const nowMs = this.clock.monotonicMs();
    if (nowMs >= present.freshUntilMs) return false;
    await this.#prolongRecords(present, ttlMs);
    const goneAtMs = nowMs + ttlMs;
    return this.#replaceTimes(key, stored, { freshUntilMs: goneAtMs, goneAtMs }, toPx(ttlMs) ?? 0);
  }

  override async increment(key: string, by: number, ttlMs: number): Promise<number> {
    const { clear } = await this.records.take([], ttlMs);
    return this.counters.increment(key, by, ttlMs, clear);
  }

  override async *keys(glob: string): AsyncIterable<string> {
    for await (const keys of this.entries.keys(glob)) {
      for (let from = 0; from < keys.length; from += KEYS_PER_LISTING) {
        const batch = keys.slice(from, from + KEYS_PER_LISTING);
        const found = await this.read(batch);
        const nowMs = this.clock.monotonicMs();
        for (const [index, key] of batch.entries()) if (nowMs < (found[index]?.freshUntilMs ?? 0)) yield key;
      }
    }
  }

  async #servableWithMore(
    keys: readonly string[],
    entries: readonly (CacheEntry | undefined)[],
    likely: KnownVersions,
  ): Promise<(CacheEntry | undefined)[]> {
    const unknownTags = new Set<string>();
    for (const entry of entries) {
      for (const { tag } of entry?.tags ?? []) if (!likely.tags.has(tag)) unknownTags.add(tag);
    }
    const known = unknownTags.size === 0 ? likely : withMore(likely, await this.records.read([...unknownTags]));
    return Promise.all(
      onlyValid(entries, known).map((valid, index) => {
        const entry = entries[index];
        const isUnjudged = entry !== undefined && isCounter(entry);
        return isUnjudged ? this.counters.ifValid(keys[index] ?? '', entry, known.clear) : Promise.resolve(valid);
      }),
    );
  }

  /** A servable entry together with its bytes as they are stored, for a change that must not undo another's. */
  async #readWhole(key: string): Promise<[entry: CacheEntry | undefined, stored: Buffer | undefined]> {
    await this.entries.sync();
    const read = await this.redis.read([this.keySpace.valueKey(key), ...this.records.keysOf([])]);
    const [stored] = read;
    const entry = stored ? this.entries.decode(key, stored, this.clock.monotonicMs()) : undefined;
    const [servable] = await this.#servableWithMore([key], [entry], this.records.versionsIn(read, [], 1));
    return [servable, stored ?? undefined];
  }

  async #toEntry(draft: EntryDraft, ticket: RedisLoadTicket): Promise<CacheEntry | undefined> {
    const { value, createdAtMs, freshUntilMs, goneAtMs } = draft;
    const ttlMs = freshUntilMs - createdAtMs;
    const derived = draft.tags.filter((tag) => !ticket.tags.includes(tag));
    const taken =
      derived.length === 0 ? ticket.versions : await this.records.addDerived(ticket.versions, derived, ttlMs);
    if (taken === undefined) return undefined;
    const tags = taken.tags.filter(({ tag }) => draft.tags.includes(tag));
    if (ttlMs > ticket.ttlMs) await this.#prolongRecords({ tags }, ttlMs);
    return {
      value,
      createdAtMs,
      freshUntilMs,
      goneAtMs,
      clearVersion: taken.clear,
      tags,
      writeId: this.random.bytes(WRITE_ID_BYTES).toString('hex'),
    };
  }

  /** Lets the records of an entry outlive it, whose own time has become longer than was said before. */
  async #prolongRecords({ tags }: Pick<CacheEntry, 'tags'>, ttlMs: number): Promise<void> {
    await this.records.take(
      tags.map(({ tag }) => tag),
      ttlMs,
    );
  }

  #replaceTimes(
    key: string,
    stored: Buffer,
    times: { readonly freshUntilMs: number; readonly goneAtMs: number },
    ttlMs: number,
  ): Promise<boolean> {
    const header = this.entries.headerWithTimes(stored, times).subarray(0, ENVELOPE_FIXED_BYTES);
    const seen = stored.subarray(0, ENVELOPE_FIXED_BYTES);
    return this.redis.run(replaceHeaderScript, { value: this.keySpace.valueKey(key) }, { seen, header, ttlMs });
  }
}

/** Whether an entry is valid; `undefined` for a counter, and for one with a tag whose version was not read. */
function judge(entry: CacheEntry, known: KnownVersions): boolean | undefined {
  if (isCounter(entry) || !entry.tags.every(({ tag }) => known.tags.has(tag))) return undefined;
  return isEntryValid(entry, known);
}

function onlyValid(entries: readonly (CacheEntry | undefined)[], known: KnownVersions): (CacheEntry | undefined)[] {
  return entries.map((entry) => (entry !== undefined && isEntryValid(entry, known) ? entry : undefined));
}

function withMore(first: KnownVersions, more: KnownVersions): KnownVersions {
  return { clear: more.clear, tags: new Map([...first.tags, ...more.tags]) };
}
