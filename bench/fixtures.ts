import { DEFAULT_CACHE_OPTIONS, JsonCodec } from '@nest-strata/engine';
import type { ResolvedCacheOptions } from '@nest-strata/engine';

const KEY_COUNT = 10_000;

/** The keys that all scenarios use. */
export const keys: readonly string[] = Array.from({ length: KEY_COUNT }, (_, index) => `hero:${String(index)}`);

/** The keys in an order that no cache of the processor can foresee, over and over. */
export function keyAt(index: number): string {
  return keys[(index * 7919) % KEY_COUNT] ?? '';
}

/** The options of a cache that never expires anything. */
export function cacheOptions(memory: ResolvedCacheOptions['memory']): ResolvedCacheOptions {
  return { ...DEFAULT_CACHE_OPTIONS, namespace: ['bench'], memory, codec: new JsonCodec() };
}

/** What a benchmark reads must be there: a miss would be measured as a very quick hit. */
export function found<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error('A hit was expected.');
  return value;
}
