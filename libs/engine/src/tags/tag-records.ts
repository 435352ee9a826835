import type { RedisPort } from '@nest-strata/redis';
import type { CacheEntry, TagVersion } from '../entry/cache-entry.js';
import type { KeySpace } from '../keys/key-space.js';
import { bumpTagVersionScript } from './bump-tag-version.script.js';
import { ensureTagVersionScript } from './ensure-tag-version.script.js';
import type { EnsuredVersion } from './version-reply.js';

/** The versions that a read found; a tag that was asked for and is absent has no record. */
export interface KnownVersions {
  readonly clear: string | undefined;
  readonly tags: ReadonlyMap<string, string | undefined>;
}

/** The versions that an entry is to carry, taken before its load. */
export interface TakenVersions {
  readonly clear: string;
  readonly tags: readonly TagVersion[];
  /** The server's time at that moment, in µs, as 16 hex digits. */
  readonly takenAt: string;
}

/** A record lives this many times as long as the longest entry that it was asked for. */
const LIVES_PER_ENTRY = 2;
const NO_TAGS: KnownVersions['tags'] = new Map();

/**
 * The version records of a namespace in Redis: one per tag and one for `clear()`, the tag that every entry carries.
 *
 * An entry is valid only while all its versions are the recorded ones; a record that is missing (expired, evicted) makes
 * every entry that needs it invalid. So invalidating a tag costs one command whatever the number of its entries, and an
 * evicted record costs loads, never a wrong value.
 */
export class TagRecords {
  /** What was asked for in this tick and is not sent yet: whoever asks for the same gets the same answer. */
  readonly #asked = new Map<string, Promise<EnsuredVersion>>();

  constructor(
    private readonly redis: RedisPort,
    private readonly keys: KeySpace,
  ) {}

  /** The keys to read for {@link versionsIn}. */
  keysOf(tags: readonly string[]): string[] {
    return [this.keys.clearKey, ...tags.map((tag) => this.keys.tagKey(tag))];
  }

  /** The recorded versions, from what was read under {@link keysOf} the same tags; it begins at `from`. */
  versionsIn(stored: readonly (Buffer | null)[], tags: readonly string[], from = 0): KnownVersions {
    const versionAt = (index: number) => stored[index]?.toString('latin1');
    const clear = versionAt(from);
    if (tags.length === 0) return { clear, tags: NO_TAGS };
    return { clear, tags: new Map(tags.map((tag, index) => [tag, versionAt(from + 1 + index)])) };
  }

  async read(tags: readonly string[]): Promise<KnownVersions> {
    return this.versionsIn(await this.redis.read(this.keysOf(tags)), tags);
  }

  /** Takes the versions of `tags` and of `clear` for an entry of `ttlMs`, making the records that are missing. */
  async take(tags: readonly string[], ttlMs: number): Promise<TakenVersions> {
    const [clear, ...versions] = await Promise.all(this.keysOf(tags).map((key) => this.#ensure(key, ttlMs)));
    if (clear === undefined) throw new Error('unreachable: one reply per record');
    return {
      clear: clear.version,
      takenAt: clear.askedAt,
      tags: tags.map((tag, index) => ({ tag, version: versions[index]?.version ?? '' })),
    };
  }

  /**
   * Adds tags that were derived from the loaded value. Their records must have stood unchanged since before the load;
   * `undefined` when that cannot be shown, and the value then must not be stored.
   */
  async addDerived(taken: TakenVersions, tags: readonly string[], ttlMs: number): Promise<TakenVersions | undefined> {
    const ensured = await Promise.all(tags.map((tag) => this.#ensure(this.keys.tagKey(tag), ttlMs)));
    if (ensured.some(({ version }) => version >= taken.takenAt)) return undefined;
    const derived = tags.map((tag, index) => ({ tag, version: ensured[index]?.version ?? '' }));
    return { ...taken, tags: [...taken.tags, ...derived] };
  }

  /** Makes every entry that carries one of the tags invalid. */
  async bump(tags: readonly string[]): Promise<void> {
    this.#asked.clear();
    await Promise.all(tags.map((tag) => this.redis.run(bumpTagVersionScript, { record: this.keys.tagKey(tag) }, {})));
  }

  /** Makes every entry of the namespace invalid. */
  async bumpClear(): Promise<void> {
    this.#asked.clear();
    await this.redis.run(bumpTagVersionScript, { record: this.keys.clearKey }, {});
  }

  #ensure(record: string, ttlMs: number): Promise<EnsuredVersion> {
    const lifeMs = ttlMs === Infinity ? 0 : Math.ceil(ttlMs * LIVES_PER_ENTRY);
    const question = `${String(lifeMs)} ${record}`;
    let answer = this.#asked.get(question);
    if (answer === undefined) {
      if (this.#asked.size === 0) process.nextTick(() => this.#asked.clear());
      answer = this.redis.run(ensureTagVersionScript, { record }, { lifeMs });
      this.#asked.set(question, answer);
    }
    return answer;
  }
}

/** Whether all versions of the entry are the recorded ones. */
export function isEntryValid(entry: CacheEntry, known: KnownVersions): boolean {
  if (entry.clearVersion !== known.clear) return false;
  for (const { tag, version } of entry.tags) if (known.tags.get(tag) !== version) return false;
  return true;
}
