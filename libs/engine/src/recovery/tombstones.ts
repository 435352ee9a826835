import type { KeyGlob } from '../keys/key-glob.js';
import type { Evict } from './evict.js';

/** Says that what an evict concerns must not be served, for as long as it stands. */
export interface Tombstone {
  readonly evict: Evict;
  /** Grows with every tombstone that is put up. */
  readonly order: number;
  /** Since when something has been waiting here, whatever was put in its place since. */
  readonly sinceMs: number;
}

/** The tombstones that stand, at most one for each key, tag and pattern, and one for everything. */
export class Tombstones<Stone extends Tombstone> {
  /** How many stand. */
  size = 0;
  readonly #keys = new Map<string, Stone>();
  readonly #tags = new Map<string, Stone>();
  readonly #patterns = new Map<string, Stone>();
  readonly #globs = new Map<string, KeyGlob>();
  #clear: Stone | undefined;

  /** @param toGlob what a user's pattern matches */
  constructor(private readonly toGlob: (glob: string) => KeyGlob) {}

  get patternCount(): number {
    return this.#patterns.size;
  }

  blocksKey(key: string): boolean {
    if (this.#clear !== undefined || this.#keys.has(key)) return true;
    for (const glob of this.#globs.values()) if (glob.matches(key)) return true;
    return false;
  }

  blocksTag(tag: string): boolean {
    return this.#clear !== undefined || this.#tags.has(tag);
  }

  /** The one that stands for the same. */
  get(evict: Evict): Stone | undefined {
    return evict.kind === 'clear' ? this.#clear : this.#mapOf(evict.kind).get(nameOf(evict));
  }

  getKey(key: string): Stone | undefined {
    return this.#keys.get(key);
  }

  /** Whether it still stands, and nothing newer in its place. */
  has(stone: Stone): boolean {
    return this.get(stone.evict) === stone;
  }

  /**
   * Puts one up, in the place of the one that stands for the same.
   *
   * @throws InvalidGlobError when its pattern is malformed
   */
  put(stone: Stone): void {
    const { evict } = stone;
    const isNew = this.get(evict) === undefined;
    if (evict.kind === 'clear') this.#clear = stone;
    else {
      if (evict.kind === 'pattern' && isNew) this.#globs.set(evict.glob, this.toGlob(evict.glob));
      this.#mapOf(evict.kind).set(nameOf(evict), stone);
    }
    if (isNew) this.size++;
  }

  /** Takes one down that stands. */
  remove({ evict }: Stone): void {
    if (evict.kind === 'clear') this.#clear = undefined;
    else this.#mapOf(evict.kind).delete(nameOf(evict));
    if (evict.kind === 'pattern') this.#globs.delete(evict.glob);
    this.size--;
  }

  /** All that stand; those that are taken down on the way are left out. */
  *all(): IterableIterator<Stone> {
    if (this.#clear !== undefined) yield this.#clear;
    yield* this.#patterns.values();
    yield* this.#tags.values();
    yield* this.#keys.values();
  }

  /** The earliest `sinceMs` of all; `undefined` when none stands. */
  oldestSinceMs(): number | undefined {
    // A Map keeps a name where it was first put, so the first of each has waited longest.
    const firsts = [this.#clear, ...[this.#patterns, this.#tags, this.#keys].map((map) => map.values().next().value)];
    const moments = firsts.flatMap((stone) => (stone === undefined ? [] : [stone.sinceMs]));
    return moments.length === 0 ? undefined : Math.min(...moments);
  }

  #mapOf(kind: Exclude<Evict['kind'], 'clear'>): Map<string, Stone> {
    if (kind === 'key') return this.#keys;
    return kind === 'tag' ? this.#tags : this.#patterns;
  }
}

function nameOf(evict: Exclude<Evict, { kind: 'clear' }>): string {
  if (evict.kind === 'key') return evict.key;
  return evict.kind === 'tag' ? evict.tag : evict.glob;
}
