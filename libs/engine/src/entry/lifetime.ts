import type { Random } from '@nest-strata/core';

/**
 * A time to live, shortened at random by up to `jitter` of it, so that entries written together do not expire together.
 * Never longer than `ttlMs`, and never shortened to nothing.
 */
export function jitteredTtlMs(ttlMs: number, jitter: number, random: Random): number {
  if (jitter === 0 || ttlMs === Infinity) return ttlMs;
  return Math.max(Math.min(1, ttlMs), ttlMs * (1 - jitter * random.fraction()));
}
