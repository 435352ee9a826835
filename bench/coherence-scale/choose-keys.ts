import type { Random } from '@nest-strata/core';

/** Every index below `count` once, in random order. */
export function shuffledIndexes(count: number, random: Random): number[] {
  const indexes = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random.fraction() * (last + 1));
    [indexes[last], indexes[other]] = [indexes[other] ?? 0, indexes[last] ?? 0];
  }
  return indexes;
}

/** Draws indexes as popular things are asked for: each as often as its {@link popularity}. */
export class PopularIndexes {
  readonly #random: Random;
  readonly #cumulated: Float64Array;

  constructor(count: number, random: Random) {
    this.#random = random;
    this.#cumulated = new Float64Array(count);
    let sum = 0;
    for (let index = 0; index < count; index++) this.#cumulated[index] = sum += popularity(index);
  }

  next(): number {
    const wanted = this.#random.fraction() * (this.#cumulated.at(-1) ?? 0);
    let [low, high] = [0, this.#cumulated.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#cumulated[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Every index below `count` once, in the order in which it would be drawn first. */
export function popularFirst(count: number, random: Random): Uint32Array {
  const firstDrawnAt = Float64Array.from({ length: count }, (_, index) => exponential(random) / popularity(index));
  return new Uint32Array(count)
    .map((_, index) => index)
    .sort((a, b) => (firstDrawnAt[a] ?? 0) - (firstDrawnAt[b] ?? 0));
}

/** The time until something happens that happens once in a unit of time. */
export function exponential(random: Random): number {
  return -Math.log(1 - random.fraction());
}

/** Zipf's law. */
function popularity(index: number): number {
  return (index + 1) ** -0.99;
}
