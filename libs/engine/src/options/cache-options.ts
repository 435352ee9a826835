import type { Codec } from '../codec/codec.port.js';
import type { TypeRegistry } from '../values/type-registry.js';

/**
 * How callers are kept from changing what others read from memory.
 *
 * - `frozen`: memory keeps a deeply frozen copy, which every caller gets, the first included; writing to it throws.
 *   Values with parts that cannot be frozen (Date, Map, Set, bytes, registered classes) are copied for each caller.
 * - `cloned`: every caller gets a copy of its own and may change it.
 * - `shared`: every caller gets the very object that the loader returned. The quickest; a caller that changes it changes
 *   it for all.
 */
export type ValueMode = 'frozen' | 'cloned' | 'shared';

/** When and how the bodies of entries in Redis are compressed. */
export interface CompressionOptions {
  /** Bodies of fewer bytes stay as they are; so do those that would not get smaller. */
  readonly thresholdBytes: number;
  readonly algorithm: 'brotli' | 'gzip' | 'zstd';
}

/** Everything that a cache is made from: checked, complete, in milliseconds and bytes, frozen. */
export interface ResolvedCacheOptions {
  /** The parts of the namespace, outermost first; `namespace('x')` of a cache adds one. */
  readonly namespace: readonly string[];
  readonly ttlMs: number;
  /** How long memory keeps a copy at most; over Redis never longer than {@link MAX_MEMORY_TTL_OVER_REDIS_MS}. */
  readonly memoryTtlMs: number;
  /** The share of the ttl by which each entry's is shortened at random, in [0, 1). */
  readonly jitter: number;
  readonly memory: {
    /** 0: no memory tier. */
    readonly maxEntries: number;
    /** `Infinity`: no bound. Estimated from the values. */
    readonly maxBytes: number;
    readonly values: ValueMode;
  };
  readonly codec: Codec;
  /** The classes whose instances may be cached. */
  readonly types: TypeRegistry;
  readonly compression: CompressionOptions | undefined;
  readonly limits: {
    /** Larger values are returned to the caller and not stored. */
    readonly maxValueBytes: number;
    /** Longer keys are stored under a digest. */
    readonly maxKeyBytes: number;
  };
  /** `false`: nothing is read or stored, every call goes to its loader. */
  readonly enabled: boolean;
}

/** Memory over Redis is not told of other processes' writes, so it may be behind them by this much. */
export const MAX_MEMORY_TTL_OVER_REDIS_MS = 1_000;

/** What `namespace(name, overrides)` may change; the rest is shared with the cache that it is derived from. */
export type CacheOverrides = Partial<Pick<ResolvedCacheOptions, 'ttlMs' | 'memoryTtlMs' | 'jitter' | 'memory'>>;

/** The options of the cache `name` inside a cache with these. */
export function deriveOptions(
  options: ResolvedCacheOptions,
  name: string,
  overrides: CacheOverrides = {},
): ResolvedCacheOptions {
  return Object.freeze({ ...options, ...overrides, namespace: Object.freeze([...options.namespace, name]) });
}
