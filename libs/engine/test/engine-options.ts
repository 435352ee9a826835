import { DEFAULT_CACHE_OPTIONS, JsonCodec } from '@nest-strata/engine';
import type { ResolvedCacheOptions } from '@nest-strata/engine';

/** Options of a cache for tests: one hour, frozen values, JSON, no jitter. */
export function engineOptions(overrides: Partial<ResolvedCacheOptions> = {}): ResolvedCacheOptions {
  return {
    ...DEFAULT_CACHE_OPTIONS,
    namespace: ['test'],
    codec: new JsonCodec(),
    memory: { maxEntries: 10_000, maxBytes: Infinity, values: 'frozen' },
    ...overrides,
  };
}

/** No memory tier: every read asks Redis. */
export const NO_MEMORY: ResolvedCacheOptions['memory'] = { maxEntries: 0, maxBytes: 0, values: 'frozen' };
