import type { Clock } from '@nest-strata/core';
import type { KeyAnnouncement, RedisPort } from '@nest-strata/redis';
import type { KnownVersions } from '../coherence/known-versions.js';
import type { CacheEntry, TagVersion } from '../entry/cache-entry.js';
import type { KeySpace } from '../keys/key-space.js';
import type { LocalChanges } from '../memory/local-changes.js';
import { announcementArgs } from '../scripts/announcement.js';
import { bumpTagVersionScript } from '../scripts/bump-tag-version.script.js';
import { ensureTagVersionScript } from '../scripts/ensure-tag-version.script.js';
import type { EnsuredVersion } from '../scripts/version-reply.js';

/** The versions that an entry is to carry, taken before its load. */
export interface TakenVersions {
  readonly clear: string;
  readonly tags: readonly TagVersion[];
}

/** The versions that a read found. */
export interface FoundVersions {
  /** `null`: there is no record; `undefined`: it was not asked for, and what was known of it is known no longer. */
  readonly clear: string | null | undefined;
  /** `undefined`: there is no record; absent: it was not asked for. */
  readonly tags: ReadonlyMap<string, string | undefined>;
}

/** A record lives this many times as long as the longest entry that it was asked for. */
const LIVES_PER_ENTRY = 2;
const MAX_REMEMBERED_LIVES = 20_000;

/**
 * The version records of a namespace in Redis: one per tag and one for `clear()`, the tag that every entry carries.
 *
 * An entry is valid only while all its versions are the recorded ones; a record that is missing (expired, evicted) makes
 * every entry that needs it invalid. So invalidating a tag costs one command whatever the number of its entries, and an
 * evicted record costs loads, never a wrong value.
 *
 * A version that is known here may be outdated by as much as changes take to be heard. An entry that carries an outdated
 * one is invalid, so that is safe wherever versions are written down.
 */
export class TagRecords {
  /** What was asked for in this tick and is not sent yet: whoever asks for the same gets the same answer. */
  readonly #asked = new Map<string, Promise<EnsuredVersion>>();
  readonly #livesUntilMs = new Map<string, number>();

  constructor(
    private readonly redis: RedisPort,
    private readonly keys: KeySpace,
    private readonly known: KnownVersions,
    private readonly changes: LocalChanges,
    private readonly clock: Clock,
    private readonly announcement: () => KeyAnnouncement | undefined,
  ) {}

  /** The records to read together with values; those that are known for certain are left out. */
  toRead(tags: readonly string[]): { readonly tags: readonly string[]; readonly redisKeys: readonly string[] } {
    const isProven = this.known.isProven();
    const asked = isProven ? tags.filter((tag) => this.known.tag(tag) === undefined) : tags;
    const redisKeys = asked.map((tag) => this.keys.tagKey(tag));
    if (!isProven || this.known.clear === undefined) redisKeys.push(this.keys.clearKey);
    return { tags: asked, redisKeys };
  }

  /** The versions in what was read for {@link toRead}, which began at `stamp`; they become known. */
  found(asked: ReturnType<TagRecords['toRead']>, stored: readonly (Buffer | null)[], stamp: number): FoundVersions {
    const versionAt = (index: number) => stored[index]?.toString('latin1');
    const tags = new Map<string, string | undefined>();
    for (const [index, tag] of asked.tags.entries()) {
      tags.set(tag, versionAt(index));
      this.#learn(tag, versionAt(index), stamp);
    }
    if (asked.redisKeys.length === asked.tags.length) return { clear: this.known.clear, tags };
    const clear = versionAt(asked.tags.length);
    this.known.learnClear(clear, stamp);
    return { clear: clear ?? null, tags };
  }

  async read(tags: readonly string[], stamp: number): Promise<FoundVersions> {
    const asked = this.toRead(tags);
    return this.found(asked, await this.redis.read(asked.redisKeys), stamp);
  }

  /**
   * Whether all versions of an entry are the recorded ones; `undefined`: one of them is not known. What was not found is
   * taken from what is known for certain.
   */
  judge({ clearVersion, tags }: CacheEntry, found: FoundVersions): boolean | undefined {
    if (found.clear === undefined) return undefined;
    if (clearVersion !== found.clear) return false;
    if (tags.length === 0) return true;
    const isProven = this.known.isProven();
    for (const { tag, version } of tags) {
      const recorded = found.tags.has(tag) ? found.tags.get(tag) : isProven ? this.known.tag(tag) : undefined;
      if (recorded === undefined && !found.tags.has(tag)) return undefined;
      if (recorded !== version) return false;
    }
    return true;
  }

  /** Takes the versions of `tags` and of `clear` for an entry that is kept for `lifeMs`, making the records that are missing. */
  async take(tags: readonly string[], lifeMs: number): Promise<TakenVersions> {
    const stamp = this.changes.stamp();
    const isProven = this.known.isProven();
    const knownClear = isProven && this.#outlives(this.keys.clearKey, lifeMs) ? this.known.clear : undefined;
    const [clear, ...versions] = await Promise.all([
      knownClear ?? this.#ensureClear(lifeMs, stamp),
      ...tags.map((tag) => this.#take(tag, lifeMs, stamp, isProven)),
    ]);
    return { clear, tags: tags.map((tag, index) => ({ tag, version: versions[index] ?? '' })) };
  }

  /**
   * Adds tags that were derived from the loaded value. Their records must have stood unchanged since before `takenAt`, a
   * moment of the server before the load; `undefined` when that cannot be shown, and the value then must not be stored. A
   * server whose clock is set back in between can give a record that changed a version below `takenAt`.
   */
  async addDerived(
    taken: TakenVersions,
    takenAt: string,
    tags: readonly string[],
    lifeMs: number,
  ): Promise<TakenVersions | undefined> {
    const ensured = await Promise.all(tags.map((tag) => this.#ensure(this.keys.tagKey(tag), lifeMs)));
    if (ensured.some(({ version }) => version >= takenAt)) return undefined;
    const derived = tags.map((tag, index) => ({ tag, version: ensured[index]?.version ?? '' }));
    return { ...taken, tags: [...taken.tags, ...derived] };
  }

  /** Makes every entry that carries one of the tags invalid. */
  async bump(tags: readonly string[]): Promise<void> {
    await this.#bump(tags.map((tag) => this.keys.tagKey(tag)));
  }

  /** Makes every entry of the namespace invalid. */
  async bumpClear(): Promise<void> {
    await this.#bump([this.keys.clearKey]);
  }

  /** Tells the server that the known records are in use, `clear` first, so that it does not evict just them. */
  async keepInUse(maxRecords: number): Promise<void> {
    const tagKeys: string[] = [];
    for (const tag of this.known.tags) {
      if (tagKeys.length >= maxRecords) break;
      tagKeys.push(this.keys.tagKey(tag));
    }
    await Promise.all([
      this.redis.send('TOUCH', [this.keys.clearKey]),
      ...(tagKeys.length === 0 ? [] : [this.redis.send('TOUCH', tagKeys)]),
    ]);
  }

  async #bump(records: readonly string[]): Promise<void> {
    this.#asked.clear();
    const args = announcementArgs(this.announcement());
    await Promise.all(records.map((record) => this.redis.run(bumpTagVersionScript, { record }, args)));
  }

  async #take(tag: string, lifeMs: number, stamp: number, isProven: boolean): Promise<string> {
    const record = this.keys.tagKey(tag);
    const known = isProven && this.#outlives(record, lifeMs) ? this.known.tag(tag) : undefined;
    if (known !== undefined) return known;
    const { version } = await this.#ensure(record, lifeMs);
    this.#learn(tag, version, stamp);
    return version;
  }

  /** A tag whose changes are told by a shortened name cannot be forgotten by its own, so it is not remembered. */
  #learn(tag: string, version: string | undefined, stamp: number): void {
    if (this.keys.isToldInFull(tag)) this.known.learnTag(tag, version, stamp);
  }

  async #ensureClear(lifeMs: number, stamp: number): Promise<string> {
    const { version } = await this.#ensure(this.keys.clearKey, lifeMs);
    this.known.learnClear(version, stamp);
    return version;
  }

  #outlives(record: string, lifeMs: number): boolean {
    return (this.#livesUntilMs.get(record) ?? -Infinity) >= this.clock.monotonicMs() + lifeMs;
  }

  async #ensure(record: string, entryLifeMs: number): Promise<EnsuredVersion> {
    const lifeMs = entryLifeMs === Infinity ? 0 : Math.ceil(entryLifeMs * LIVES_PER_ENTRY);
    const question = `${String(lifeMs)} ${record}`;
    let answer = this.#asked.get(question);
    if (answer === undefined) {
      if (this.#asked.size === 0) process.nextTick(() => this.#asked.clear());
      answer = this.redis.run(ensureTagVersionScript, { record }, { lifeMs });
      this.#asked.set(question, answer);
    }
    const startedAtMs = this.clock.monotonicMs();
    const ensured = await answer;
    if (this.#livesUntilMs.size >= MAX_REMEMBERED_LIVES) this.#livesUntilMs.clear();
    this.#livesUntilMs.set(record, startedAtMs + ensured.livesForMs);
    return ensured;
  }
}
