import type { SeededRandom } from '@nest-strata/testing';

/** A request of a trace: so long after the one before, at such a cost. */
export interface Arrival {
  readonly afterUs: number;
  readonly cost: number;
}

/** Requests at random moments, on average `meanUs` apart. */
export function poissonArrivals(random: SeededRandom, count: number, meanUs: number, maxCost = 1): Arrival[] {
  return Array.from({ length: count }, () => ({
    afterUs: Math.round(-Math.log(1 - random.fraction()) * meanUs),
    cost: maxCost === 1 ? 1 : Math.floor(random.fraction() * (maxCost + 1)),
  }));
}

/** Bursts at `meanUs` for `onUs`, with silence for `offUs` between them. */
export function burstArrivals(
  random: SeededRandom,
  count: number,
  meanUs: number,
  onUs: number,
  offUs: number,
): Arrival[] {
  let burnedUs = 0;
  return poissonArrivals(random, count, meanUs).map(({ afterUs, cost }) => {
    burnedUs += afterUs;
    if (burnedUs < onUs) return { afterUs, cost };
    burnedUs = 0;
    return { afterUs: afterUs + offUs, cost };
  });
}
