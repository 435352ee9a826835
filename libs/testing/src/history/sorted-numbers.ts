/** How many of the ascending numbers are less than `limit`. */
export function countBelow(ascending: readonly number[], limit: number): number {
  return countWhile(ascending, (number) => number < limit);
}

/** How many of the ascending numbers are `limit` or less. */
export function countUpTo(ascending: readonly number[], limit: number): number {
  return countWhile(ascending, (number) => number <= limit);
}

function countWhile(ascending: readonly number[], isCounted: (number: number) => boolean): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isCounted(ascending[middle] ?? Infinity)) low = middle + 1;
    else high = middle;
  }
  return low;
}
