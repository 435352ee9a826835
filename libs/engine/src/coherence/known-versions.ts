import type { CacheEntry } from '../entry/cache-entry.js';
import type { LocalChanges } from '../memory/local-changes.js';
import { Moments } from '../memory/moments.js';

const MAX_TAGS = 10_000;

/**
 * The versions of tags and of `clear`, as far as this process knows them for certain: read from Redis, and not told of a
 * change since. A tag's version that is forgotten costs a read of it; a copy whose versions are not known is no hit.
 */
export class KnownVersions {
  #clear: string | undefined;
  #clearForgottenAt = 0;
  readonly #tags = new Map<string, string>();
  readonly #forgottenAt = new Moments(MAX_TAGS);

  /** @param isProven whether changes are provably heard now */
  constructor(
    private readonly changes: LocalChanges,
    readonly isProven: () => boolean,
  ) {}

  get clear(): string | undefined {
    return this.#clear;
  }

  tag(tag: string): string | undefined {
    return this.#tags.get(tag);
  }

  /** The tags that are known, the one learnt first at the front. */
  get tags(): Iterable<string> {
    return this.#tags.keys();
  }

  /** What was read in a trip that began at `stamp`. */
  learnClear(version: string | undefined, stamp: number): void {
    if (stamp >= this.#clearForgottenAt) this.#clear = version;
  }

  learnTag(tag: string, version: string | undefined, stamp: number): void {
    if (version === undefined) {
      this.#tags.delete(tag);
      return;
    }
    if (stamp < this.#forgottenAt.of(tag)) return;
    this.#tags.set(tag, version);
    if (this.#tags.size > MAX_TAGS) this.#forgetOldest();
  }

  forgetClear(): void {
    this.#clear = undefined;
    this.#clearForgottenAt = this.changes.next();
  }

  forgetTag(tag: string): void {
    this.#tags.delete(tag);
    this.#forgottenAt.note(tag, this.changes.next());
  }

  forgetAll(): void {
    this.forgetClear();
    this.#tags.clear();
    this.#forgottenAt.noteAll(this.changes.next());
  }

  /** Whether all versions of a copy are known and the same. */
  areThoseOf({ clearVersion, tags }: Pick<CacheEntry, 'clearVersion' | 'tags'>): boolean {
    if (clearVersion !== this.#clear) return false;
    for (const { tag, version } of tags) if (this.#tags.get(tag) !== version) return false;
    return true;
  }

  /** Whether one of the versions of `clear` and of these tags was forgotten after `stamp`. */
  areForgottenSince(stamp: number, tags: CacheEntry['tags']): boolean {
    return stamp < this.#clearForgottenAt || tags.some(({ tag }) => stamp < this.#forgottenAt.of(tag));
  }

  #forgetOldest(): void {
    const [oldest] = this.#tags.keys();
    if (oldest !== undefined) this.#tags.delete(oldest);
  }
}
