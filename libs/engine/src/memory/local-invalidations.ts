/** How many invalidated tags are remembered one by one. */
const MAX_REMEMBERED_TAGS = 10_000;

/**
 * The invalidations of tags and of the whole cache that this process made, as moments of one counter.
 *
 * A copy in memory is stamped with the counter's value at the start of the read or load that brought it; it is valid
 * while neither the cache nor any of its tags was invalidated after that. So an invalidation costs nothing but a number,
 * and voids the copies that are still on their way.
 *
 * Remembered tags are bounded: past the bound the oldest are forgotten, and every older copy with a tag that is not
 * remembered counts as invalid.
 */
export class LocalInvalidations {
  #sequence = 0;
  #clearedAt = 0;
  #forgottenUpTo = 0;
  readonly #tagInvalidatedAt = new Map<string, number>();

  constructor(private readonly maxRememberedTags = MAX_REMEMBERED_TAGS) {}

  /** The stamp for a read or load that begins now. */
  stamp(): number {
    return this.#sequence;
  }

  invalidateTags(tags: readonly string[]): void {
    this.#sequence++;
    for (const tag of tags) {
      this.#tagInvalidatedAt.delete(tag);
      this.#tagInvalidatedAt.set(tag, this.#sequence);
    }
    if (this.#tagInvalidatedAt.size > this.maxRememberedTags) this.#forgetOldest();
  }

  invalidateAll(): void {
    this.#clearedAt = ++this.#sequence;
    this.#tagInvalidatedAt.clear();
  }

  /** Whether a copy with this stamp and these tags may still be served. */
  areValid(stamp: number, tags: readonly { readonly tag: string }[]): boolean {
    if (stamp < this.#clearedAt) return false;
    for (const { tag } of tags) {
      if (stamp < (this.#tagInvalidatedAt.get(tag) ?? this.#forgottenUpTo)) return false;
    }
    return true;
  }

  /** Forgets the older half; a Map is walked in the order of insertion, which here is that of the invalidations. */
  #forgetOldest(): void {
    const keep = this.maxRememberedTags / 2;
    for (const [tag, invalidatedAt] of this.#tagInvalidatedAt) {
      if (this.#tagInvalidatedAt.size <= keep) return;
      this.#tagInvalidatedAt.delete(tag);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, invalidatedAt);
    }
  }
}
