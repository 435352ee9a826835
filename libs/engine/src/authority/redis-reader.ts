import type { Clock } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { KeySpace } from '../keys/key-space.js';
import type { LocalChanges } from '../memory/local-changes.js';
import type { FoundVersions, TagRecords } from '../tags/tag-records.js';
import { isCounter } from '../tiers/counter-entry.js';
import type { RedisTier } from '../tiers/redis.tier.js';
import type { AuthorityAnswer } from './authority.port.js';
import type { RedisCounters } from './redis-counters.js';

/** The parts of a {@link RedisReader}. */
export interface RedisReaderParts {
  readonly redis: RedisPort;
  readonly entries: RedisTier;
  readonly records: TagRecords;
  readonly counters: RedisCounters;
  readonly keySpace: KeySpace;
  readonly changes: LocalChanges;
  readonly clock: Clock;
}

/** Reads entries from Redis, and judges them by the versions that are recorded there. */
export class RedisReader {
  constructor(private readonly parts: RedisReaderParts) {}

  /** Values and records come in one trip, as the hot path of every cache over Redis; tags not known yet cost another. */
  async read(keys: readonly string[], stamp: number, likelyTags: readonly string[] = []): Promise<AuthorityAnswer> {
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

  /** A valid entry together with its bytes as they are stored, for a change that must not undo another's. */
  async readWhole(key: string): Promise<[entry: CacheEntry | undefined, stored: Buffer | undefined]> {
    const { entries, seen } = await this.read([key], this.parts.changes.stamp());
    return [entries[0], seen[0] as Buffer | undefined];
  }

  /** What is stored, valid or not. */
  async readBytes(key: string): Promise<Buffer | undefined> {
    const { entries, redis, keySpace } = this.parts;
    await entries.sync();
    const [stored] = await redis.read([keySpace.valueKey(key)]);
    return stored ?? undefined;
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
}
