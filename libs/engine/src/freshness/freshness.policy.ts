import type { Random } from '@nest-strata/core';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { ResolvedEntryOptions } from '../entry/entry-options.js';

/**
 * What a copy is good for.
 *
 * - `fresh`: to be served
 * - `refresh`: to be served, and to be renewed in the background
 * - `revalidate`: stale; to be served, and to be renewed in the background
 * - `fallback`: stale; to be served where the alternative is an error
 * - `gone`: nothing
 */
export type Freshness = 'fresh' | 'refresh' | 'revalidate' | 'fallback' | 'gone';

/** The times of a copy, in milliseconds of one clock. */
export type CopyTimes = Pick<CacheEntry, 'createdAtMs' | 'freshUntilMs' | 'goneAtMs' | 'loadMs'>;

/** What of the options decides. */
export type FreshnessOptions = Pick<ResolvedEntryOptions, 'staleWhileRevalidateMs' | 'refreshAhead' | 'earlyRefresh'>;

/** XFetch with a chance below e^-40 is none. */
const NEGLIGIBLE = 40;

/** What a copy is good for at a moment. */
export function judgeFreshness(times: CopyTimes, options: FreshnessOptions, nowMs: number, random: Random): Freshness {
  if (nowMs >= times.goneAtMs) return 'gone';
  if (nowMs < times.freshUntilMs) {
    return nowMs >= refreshAtMs(times, options) || isRefreshedEarly(times, options, nowMs, random)
      ? 'refresh'
      : 'fresh';
  }
  return nowMs < times.freshUntilMs + options.staleWhileRevalidateMs ? 'revalidate' : 'fallback';
}

/** Until when a copy is fresh and nothing need be decided: what every hit asks first. */
export function quietUntilMs(
  times: CopyTimes,
  options: FreshnessOptions & Pick<ResolvedEntryOptions, 'slidingTtlMs'>,
): number {
  const earliestMs = times.freshUntilMs - NEGLIGIBLE * times.loadMs * options.earlyRefresh;
  return Math.min(times.freshUntilMs, refreshAtMs(times, options), earliestMs, slideAtMs(times, options.slidingTtlMs));
}

/** From when on a read prolongs a sliding entry: once half of its time has passed; `Infinity` for any other. */
export function slideAtMs({ freshUntilMs }: Pick<CopyTimes, 'freshUntilMs'>, slidingTtlMs: number): number {
  return slidingTtlMs === 0 ? Infinity : freshUntilMs - slidingTtlMs / 2;
}

function refreshAtMs({ createdAtMs, freshUntilMs }: CopyTimes, { refreshAhead }: FreshnessOptions): number {
  if (refreshAhead === 0 || freshUntilMs === Infinity) return Infinity;
  return createdAtMs + refreshAhead * (freshUntilMs - createdAtMs);
}

/** XFetch: recompute when `now - loadTime * beta * ln(chance)` lies past the end. */
function isRefreshedEarly(
  { freshUntilMs, loadMs }: CopyTimes,
  { earlyRefresh }: FreshnessOptions,
  nowMs: number,
  random: Random,
): boolean {
  if (earlyRefresh === 0 || loadMs === 0) return false;
  return nowMs - loadMs * earlyRefresh * Math.log(1 - random.fraction()) >= freshUntilMs;
}
