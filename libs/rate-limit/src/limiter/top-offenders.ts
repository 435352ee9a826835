/** A subject that was denied often. */
export interface Offender {
  readonly subject: string;
  /** How often at most; at least `denials - maxError`. */
  readonly denials: number;
  readonly maxError: number;
}

interface Counter {
  count: number;
  readonly error: number;
}

/**
 * Who was denied most often, in fixed memory: every subject that makes up more than 1/`maxSubjects` of all denials is in
 * it, and no count is too low. O(1) per denial. "Space-Saving" of Metwally, Agrawal and El Abbadi, Efficient Computation
 * of Frequent and Top-k Elements in Data Streams, 2005.
 */
export class TopOffenders {
  readonly #maxSubjects: number;
  readonly #counters = new Map<string, Counter>();
  /** The subjects of each count. */
  readonly #withCount = new Map<number, Set<string>>();
  #lowest = 1;

  constructor(maxSubjects: number) {
    this.#maxSubjects = maxSubjects;
  }

  add(subject: string): void {
    const counter = this.#counters.get(subject);
    if (counter !== undefined) {
      this.#leave(subject, counter.count);
      counter.count++;
      this.#enter(subject, counter.count);
    } else if (this.#counters.size < this.#maxSubjects) {
      this.#counters.set(subject, { count: 1, error: 0 });
      this.#enter(subject, 1);
      this.#lowest = 1;
    } else {
      this.#replaceLowest(subject);
    }
    if (!this.#withCount.has(this.#lowest)) this.#lowest++;
  }

  /** The most denied first. O(n log n). */
  list(count: number): readonly Offender[] {
    return [...this.#counters]
      .map(([subject, { count: denials, error: maxError }]) => ({ subject, denials, maxError }))
      .sort((one, other) => other.denials - one.denials)
      .slice(0, count);
  }

  #replaceLowest(subject: string): void {
    const [evicted] = this.#withCount.get(this.#lowest) ?? [];
    if (evicted === undefined) return;
    const error = this.#lowest;
    this.#leave(evicted, error);
    this.#counters.delete(evicted);
    this.#counters.set(subject, { count: error + 1, error });
    this.#enter(subject, error + 1);
  }

  #enter(subject: string, count: number): void {
    const subjects = this.#withCount.get(count);
    if (subjects === undefined) this.#withCount.set(count, new Set([subject]));
    else subjects.add(subject);
  }

  #leave(subject: string, count: number): void {
    const subjects = this.#withCount.get(count);
    subjects?.delete(subject);
    if (subjects?.size === 0) this.#withCount.delete(count);
  }
}
