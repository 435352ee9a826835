import { countBelow } from './sorted-numbers.js';

/**
 * Items in the order of a time, with a number each: finds in O(log n) the last one within a span of time whose number is
 * below another.
 */
export class Timeline<Item> {
  readonly #items: readonly Item[];
  readonly #times: readonly number[];
  /** A tree of minima in an array: node 1 is the root, the children of node n are 2n and 2n + 1, the leaves the items. */
  readonly #minima: Float64Array;
  readonly #leafCount: number;

  constructor(items: readonly Item[], timeOf: (item: Item) => number, numberOf: (item: Item) => number) {
    this.#items = items.toSorted((one, other) => timeOf(one) - timeOf(other));
    this.#times = this.#items.map(timeOf);
    this.#leafCount = 2 ** Math.ceil(Math.log2(Math.max(1, items.length)));
    this.#minima = new Float64Array(2 * this.#leafCount).fill(Infinity);
    this.#items.forEach((item, at) => (this.#minima[this.#leafCount + at] = numberOf(item)));
    for (let node = this.#leafCount - 1; node > 0; node--) {
      this.#minima[node] = Math.min(this.#min(2 * node), this.#min(2 * node + 1));
    }
  }

  /** The latest time of all items; `-Infinity` if there is none. */
  get end(): number {
    return this.#times.at(-1) ?? -Infinity;
  }

  /** The latest item from `from` on and before `before` whose number is below `ceiling`. */
  lastBelow(ceiling: number, from: number, before: number): { readonly item: Item; readonly time: number } | undefined {
    const count = countBelow(this.#times, before);
    const at = this.#findBelow(ceiling, count, 1, 0, this.#leafCount);
    const [item, time] = at === undefined ? [] : [this.#items[at], this.#times[at]];
    return item === undefined || time === undefined || time < from ? undefined : { item, time };
  }

  /** Below this node, the place of the last of the first `count` items with a number below `ceiling`. */
  #findBelow(ceiling: number, count: number, node: number, start: number, end: number): number | undefined {
    if (start >= count || this.#min(node) >= ceiling) return undefined;
    if (end - start === 1) return start;
    const middle = (start + end) / 2;
    return (
      this.#findBelow(ceiling, count, 2 * node + 1, middle, end) ??
      this.#findBelow(ceiling, count, 2 * node, start, middle)
    );
  }

  #min(node: number): number {
    return this.#minima[node] ?? Infinity;
  }
}
