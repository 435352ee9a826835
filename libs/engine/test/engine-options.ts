import { defaultTypes, JsonCodec } from '@nest-strata/engine';
import type { ResolvedCacheOptions } from '@nest-strata/engine';

/** Options of a cache for tests: one hour, frozen values, JSON, no jitter. */
export function engineOptions(overrides: Partial<ResolvedCacheOptions> = {}): ResolvedCacheOptions {
  return {
    namespace: ['test'],
    ttlMs: 3_600_000,
    memoryTtlMs: Infinity,
    jitter: 0,
    memory: { maxEntries: 10_000, maxBytes: Infinity, values: 'frozen' },
    codec: new JsonCodec(),
    types: defaultTypes,
    compression: undefined,
    limits: { maxValueBytes: 1024 * 1024, maxKeyBytes: 1024 },
    enabled: true,
    ...overrides,
  };
}

/** No memory tier: every read asks Redis. */
export const NO_MEMORY: ResolvedCacheOptions['memory'] = { maxEntries: 0, maxBytes: 0, values: 'frozen' };
