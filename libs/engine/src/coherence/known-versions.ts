import type { CacheEntry } from '../entry/cache-entry.js';
import type { LocalChanges } from '../memory/local-changes.js';
import { Moments } from '../memory/moments.js';

const MAX_TAGS = 10_000;

/** A copy, as far as versions are concerned. */
export interface VersionedCopy extends Pick<CacheEntry, 'clearVersion' | 'tags'> {
  /** The moment of `LocalChanges` at which its read or load began. */
  readonly stamp: number;
}

/**
 * The versions of tags and of `clear`, as far as this process knows them for certain: read from Redis, and not told of a
 * change since. A tag's version that is forgotten costs a read of it; a copy whose versions are not known is no hit.
 */
export class KnownVersions {
  #clear: string | undefined;
  #clearForgottenAt = 0;
  readonly #tags = new Map<string, string>();
  readonly #forgottenAt = new Moments(MAX_TAGS);
  #clearChangedAt = 0;
  readonly #changedAt = new Moments(MAX_TAGS);
  /** What was known last, and is not known to have changed. */
  #lastClear: string | undefined;
  readonly #lastTags = new Map<string, string>();

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
    if (stamp >= this.#clearForgottenAt) this.#clear = this.#lastClear = version;
  }

  learnTag(tag: string, version: string | undefined, stamp: number): void {
    if (version === undefined) {
      this.#tags.delete(tag);
      this.#lastTags.delete(tag);
      return;
    }
    if (stamp < this.#forgottenAt.of(tag)) return;
    this.#tags.set(tag, version);
    if (this.#tags.size > MAX_TAGS) this.#forgetOldest();
  }

  /** It was changed, perhaps. */
  forgetClear(): void {
    this.#clear = this.#lastClear = undefined;
    this.#clearForgottenAt = this.#clearChangedAt = this.changes.next();
  }

  /** As {@link forgetClear}. */
  forgetTag(tag: string): void {
    this.#tags.delete(tag);
    this.#lastTags.delete(tag);
    const moment = this.changes.next();
    this.#forgottenAt.note(tag, moment);
    this.#changedAt.note(tag, moment);
  }

  /** Anything may have changed unheard. */
  forgetAll(): void {
    if (this.#lastTags.size > MAX_TAGS) this.#lastTags.clear();
    for (const [tag, version] of this.#tags) this.#lastTags.set(tag, version);
    this.#tags.clear();
    this.#clear = undefined;
    this.#clearForgottenAt = this.changes.next();
    this.#forgottenAt.noteAll(this.#clearForgottenAt);
  }

  /** Whether all versions of a copy are known and the same. */
  areThoseOf({ clearVersion, tags }: Pick<CacheEntry, 'clearVersion' | 'tags'>): boolean {
    if (clearVersion !== this.#clear) return false;
    for (const { tag, version } of tags) if (this.#tags.get(tag) !== version) return false;
    return true;
  }

  /**
   * Whether one of the versions of a copy was heard to change since its `stamp`, and not found to be the same after all:
   * records are also written to be kept for longer. What may have changed unheard does not count.
   */
  areHeardToDiffer({ stamp, clearVersion, tags }: VersionedCopy): boolean {
    if (stamp < this.#clearChangedAt && clearVersion !== this.#lastClear) return true;
    return tags.some(({ tag, version }) => stamp < this.#changedAt.of(tag) && version !== this.#lastVersionOf(tag));
  }

  /** Whether one of the versions of `clear` and of these tags was forgotten after `stamp`. */
  areForgottenSince(stamp: number, tags: CacheEntry['tags']): boolean {
    return stamp < this.#clearForgottenAt || tags.some(({ tag }) => stamp < this.#forgottenAt.of(tag));
  }

  #lastVersionOf(tag: string): string | undefined {
    return this.#tags.get(tag) ?? this.#lastTags.get(tag);
  }

  #forgetOldest(): void {
    const [oldest] = this.#tags.keys();
    if (oldest !== undefined) this.#tags.delete(oldest);
  }
}
