import { Moments } from './moments.js';

const MAX_REMEMBERED_NAMES = 10_000;

/**
 * The writes and evictions that this process made or heard of, as moments of one counter.
 *
 * Whatever is read or loaded is stamped with the counter's value when it begins. By its stamp it is known later whether
 * its key was changed meanwhile, so that it must not be kept; and whether the cache or one of its tags was invalidated
 * since, so that the copy in memory is worthless. An invalidation costs nothing but a number.
 */
export class LocalChanges {
  #sequence = 0;
  #clearedAt = 0;
  #allKeysChangedAt = 0;
  #allKeysHeardOfAt = 0;
  readonly #keys: Moments;
  readonly #heard: Moments;
  readonly #tags: Moments;

  constructor(maxRememberedNames = MAX_REMEMBERED_NAMES) {
    this.#keys = new Moments(maxRememberedNames);
    this.#heard = new Moments(maxRememberedNames);
    this.#tags = new Moments(maxRememberedNames);
  }

  /** The stamp for a read or load that begins now. */
  stamp(): number {
    return this.#sequence;
  }

  /** A moment of its own, after all before. */
  next(): number {
    return ++this.#sequence;
  }

  /** A key was written or evicted: what is on its way for it is outdated. */
  changeKey(key: string): void {
    this.#keys.note(key, ++this.#sequence);
  }

  /** A key was written or evicted, or is being loaded, as Redis tells; perhaps by this process itself. */
  hearOfKey(key: string): void {
    this.#heard.note(key, ++this.#sequence);
  }

  /** Any key may have been written or evicted. */
  changeAllKeys(): void {
    this.#allKeysChangedAt = ++this.#sequence;
  }

  /** Any key may have been written or evicted elsewhere, unheard. */
  hearOfAllKeys(): void {
    this.#allKeysHeardOfAt = ++this.#sequence;
  }

  invalidateTags(tags: readonly string[]): void {
    this.#sequence++;
    for (const tag of tags) this.#tags.note(tag, this.#sequence);
  }

  invalidateAll(): void {
    this.#clearedAt = ++this.#sequence;
  }

  /** Whether what was read since `stamp` is outdated for `key`, which was changed since, as far as is known. */
  isOutdated(key: string, stamp: number): boolean {
    return stamp < this.#allKeysHeardOfAt || stamp < this.#heard.of(key) || this.isChangedHere(key, stamp);
  }

  /** Whether this process has changed `key` since `stamp`, or cannot rely on what Redis says of it. */
  isChangedHere(key: string, stamp: number): boolean {
    return stamp < this.#allKeysChangedAt || stamp < this.#clearedAt || stamp < this.#keys.of(key);
  }

  /** Whether a copy with this stamp and these tags may still be served. */
  isValid(stamp: number, tags: readonly { readonly tag: string }[]): boolean {
    if (stamp < this.#clearedAt) return false;
    for (const { tag } of tags) if (stamp < this.#tags.of(tag)) return false;
    return true;
  }
}
