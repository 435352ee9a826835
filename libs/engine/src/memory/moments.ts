/**
 * When something last happened to each of many names, as numbers that only grow.
 *
 * The names remembered are bounded. Past the bound the oldest half is forgotten, and a name that is not remembered
 * counts as touched at the last moment that was forgotten: later than the truth, never earlier.
 */
export class Moments {
  #forgottenUpTo = 0;
  readonly #momentOf = new Map<string, number>();

  /** @param maxNames at least 2 */
  constructor(private readonly maxNames: number) {}

  /** The moment of `name`; 0 when nothing ever happened to it. */
  of(name: string): number {
    return this.#momentOf.get(name) ?? this.#forgottenUpTo;
  }

  /** Notes that something happened to `name`; `moment` is not before any that was noted. */
  note(name: string, moment: number): void {
    this.#momentOf.delete(name);
    this.#momentOf.set(name, moment);
    if (this.#momentOf.size > this.maxNames) this.#forgetOldest();
  }

  /** Notes that something happened to every name there is. */
  noteAll(moment: number): void {
    this.#momentOf.clear();
    this.#forgottenUpTo = moment;
  }

  /** A Map is walked in the order of insertion, which here is that of the moments. */
  #forgetOldest(): void {
    const excess = this.#momentOf.size - this.maxNames / 2;
    let forgotten = 0;
    for (const [name, moment] of this.#momentOf) {
      if (forgotten++ >= excess) return;
      this.#momentOf.delete(name);
      this.#forgottenUpTo = moment;
    }
  }
}
