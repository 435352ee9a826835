import { defaultTypes } from '../values/type-registry.js';
import type { ResolvedCacheOptions } from './cache-options.js';

/** What a cache is made from where nothing else is said; the namespace and the codec are to be added. */
export const DEFAULT_CACHE_OPTIONS: Omit<ResolvedCacheOptions, 'namespace' | 'codec'> = Object.freeze({
  ttlMs: 3_600_000,
  memoryTtlMs: Infinity,
  jitter: 0,
  graceMs: 0,
  staleWhileRevalidateMs: 0,
  negativeTtlMs: undefined,
  slidingTtlMs: 0,
  refreshAhead: 0,
  earlyRefresh: 0,
  softTimeoutMs: Infinity,
  hardTimeoutMs: Infinity,
  lockTimeoutMs: 10_000,
  onLockTimeout: 'load',
  errorTtlMs: 0,
  retryAfterMs: 1_000,
  memory: Object.freeze({ maxEntries: 10_000, maxBytes: 64 * 1024 * 1024, values: 'frozen' }),
  types: defaultTypes,
  compression: undefined,
  limits: Object.freeze({ maxValueBytes: 1024 * 1024, maxKeyBytes: 1024 }),
  coherence: 'auto',
  loads: Object.freeze({ maxConcurrent: Infinity, maxQueued: Infinity }),
  recovery: Object.freeze({ failoverWindowMs: 30_000, maxPendingEvicts: 10_000 }),
  enabled: true,
});
