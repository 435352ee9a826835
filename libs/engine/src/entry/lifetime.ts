import type { Random } from '@nest-strata/core';
import type { CacheEntry } from './cache-entry.js';
import type { ResolvedEntryOptions } from './entry-options.js';

/** The times of a {@link CacheEntry}. */
export type Lifetime = Pick<CacheEntry, 'createdAtMs' | 'freshUntilMs' | 'goneAtMs'>;

/**
 * A time to live, shortened at random by up to `jitter` of it, so that entries written together do not expire together.
 * Never longer than `ttlMs`, and never shortened to nothing.
 */
export function jitteredTtlMs(ttlMs: number, jitter: number, random: Random): number {
  if (jitter === 0 || ttlMs === Infinity) return ttlMs;
  return Math.max(Math.min(1, ttlMs), ttlMs * (1 - jitter * random.fraction()));
}

/** The `ttl` of this very value: that of nothing may be another. */
export function ttlMsFor(value: unknown, options: Pick<ResolvedEntryOptions, 'ttlMs' | 'negativeTtlMs'>): number {
  return value === null || value === undefined ? (options.negativeTtlMs ?? options.ttlMs) : options.ttlMs;
}

/** How long after the end of its freshness an entry is kept. */
export function extraTimeMs(options: Pick<ResolvedEntryOptions, 'graceMs' | 'staleWhileRevalidateMs'>): number {
  return Math.max(options.graceMs, options.staleWhileRevalidateMs);
}

/** The times of a value that is stored now; `undefined` for a time to live of nothing. */
export function lifetimeFrom(
  createdAtMs: number,
  value: unknown,
  options: ResolvedEntryOptions,
  random: Random,
): Lifetime | undefined {
  const ttlMs = jitteredTtlMs(ttlMsFor(value, options), options.jitter, random);
  if (ttlMs === 0) return undefined;
  const freshForMs = options.slidingTtlMs === 0 ? ttlMs : Math.min(ttlMs, options.slidingTtlMs);
  const freshUntilMs = createdAtMs + freshForMs;
  return { createdAtMs, freshUntilMs, goneAtMs: freshUntilMs + extraTimeMs(options) };
}
