import { countUpTo } from './count-up-to.js';

/**
 * Items in the order of a time, with a number each: finds in O(log n) the first one within a span of time whose number is
 * above another.
 */
export class Timeline<Item> {
  readonly #items: readonly Item[];
  readonly #times: readonly number[];
  /** A tree of maxima in an array: node 1 is the root, the children of node n are 2n and 2n + 1, the leaves the items. */
  readonly #maxima: Float64Array;
  readonly #leafCount: number;

  constructor(items: readonly Item[], timeOf: (item: Item) => number, numberOf: (item: Item) => number) {
    this.#items = items.toSorted((one, other) => timeOf(one) - timeOf(other));
    this.#times = this.#items.map(timeOf);
    this.#leafCount = 2 ** Math.ceil(Math.log2(Math.max(1, items.length)));
    this.#maxima = new Float64Array(2 * this.#leafCount).fill(-Infinity);
    this.#items.forEach((item, at) => (this.#maxima[this.#leafCount + at] = numberOf(item)));
    for (let node = this.#leafCount - 1; node > 0; node--) {
      this.#maxima[node] = Math.max(this.#max(2 * node), this.#max(2 * node + 1));
    }
  }

  /** The earliest item after `after`, and no later than `upTo`, whose number is above `floor`. */
  firstAbove(floor: number, after: number, upTo: number): { readonly item: Item; readonly time: number } | undefined {
    const at = this.#findAbove(floor, countUpTo(this.#times, after), 1, 0, this.#leafCount);
    const [item, time] = at === undefined ? [] : [this.#items[at], this.#times[at]];
    return item === undefined || time === undefined || time > upTo ? undefined : { item, time };
  }

  /** The place of the first item from `from` on, below this node, with a number above `floor`. */
  #findAbove(floor: number, from: number, node: number, start: number, end: number): number | undefined {
    if (end <= from || this.#max(node) <= floor) return undefined;
    if (end - start === 1) return start;
    const middle = (start + end) / 2;
    return (
      this.#findAbove(floor, from, 2 * node, start, middle) ?? this.#findAbove(floor, from, 2 * node + 1, middle, end)
    );
  }

  #max(node: number): number {
    return this.#maxima[node] ?? -Infinity;
  }
}
