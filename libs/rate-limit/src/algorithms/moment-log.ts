/** Moments in the order of time, each as often as it was pushed; finds by bisection, drops at both ends. */
export class MomentLog {
  #moments: number[] = [];
  /** What is before it is dropped; cleared away once it is half of all. */
  #start = 0;

  get length(): number {
    return this.#moments.length - this.#start;
  }

  /** 0 if there is none. */
  get newestUs(): number {
    return this.length === 0 ? 0 : this.at(this.length - 1);
  }

  /** 0 outside. */
  at(index: number): number {
    return this.#moments[this.#start + index] ?? 0;
  }

  /** How many are at `us` or before it. */
  countUntil(us: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) <= us) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  dropUntil(us: number): void {
    this.#drop(this.countUntil(us));
  }

  keepNewest(count: number): void {
    this.#drop(Math.max(0, this.length - count));
  }

  /** `us` is not before the newest. */
  push(us: number, count: number): void {
    for (let pushed = 0; pushed < count; pushed++) this.#moments.push(us);
  }

  /** Removes up to `count`: those at `us`, or the newest. */
  remove(count: number, us?: number): void {
    const end = us === undefined ? this.length : this.countUntil(us);
    const first = us === undefined ? 0 : this.countUntil(us - 1);
    const removed = Math.min(count, end - first);
    if (removed > 0) this.#moments.splice(this.#start + end - removed, removed);
  }

  #drop(count: number): void {
    this.#start += count;
    if (this.#start * 2 < this.#moments.length) return;
    this.#moments = this.#moments.slice(this.#start);
    this.#start = 0;
  }
}
