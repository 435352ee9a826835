import type { Random } from '@nest-strata/core';

const FIRST_DELAY_MS = 100;

/** The longest time between two attempts. */
export const MAX_RETRY_DELAY_MS = 2_000;

/**
 * How long to wait after so many failures in a row, 0 being the one that made a retry necessary: 100 ms, doubled each
 * time, at most 2 s; less up to half of it at random, so that what failed together is not repeated together.
 */
export function retryDelayMs(failures: number, random: Random): number {
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** failures, MAX_RETRY_DELAY_MS);
  return delayMs * (1 - random.fraction() / 2);
}
