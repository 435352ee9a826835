import type { KeyWatchMode } from '@nest-strata/redis';
import type { Codec } from '../codec/codec.port.js';
import type { EntryDefaults } from '../entry/resolve-entry-options.js';
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
export interface ResolvedCacheOptions extends EntryDefaults {
  /** The parts of the namespace, outermost first; `namespace('x')` of a cache adds one. */
  readonly namespace: readonly string[];
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
  /** How memory over Redis learns of changes; `none`: it does not, and keeps copies for {@link LIVENESS_BOUND_MS} at most. */
  readonly coherence: CoherenceMode;
  readonly loads: {
    /** How many loaders of this cache run at once in this process; `Infinity`: no bound. */
    readonly maxConcurrent: number;
    /** How many more may wait for their turn; a load beyond is shed. */
    readonly maxQueued: number;
  };
  readonly recovery: {
    /** After a failover to a server that is behind by no more than this, what it has missed is repeated. */
    readonly failoverWindowMs: number;
    /** How many evicts may wait for Redis one by one; more, or more than 100 by a pattern, become one `clear`. */
    readonly maxPendingEvicts: number;
  };
  /** `false`: nothing is read or stored, every call goes to its loader. */
  readonly enabled: boolean;
}

/** How processes learn of each other's changes; see `KeyWatchMode` of `@nest-strata/redis`. */
export type CoherenceMode = 'auto' | KeyWatchMode | 'none';

/**
 * For how long memory is served without proof that changes are still heard: what a change may at worst take to become
 * visible in another process, whatever breaks.
 */
export const LIVENESS_BOUND_MS = 1_000;

/** What `namespace(name, overrides)` may change; the rest is shared with the cache that it is derived from. */
export type CacheOverrides = Partial<EntryDefaults & Pick<ResolvedCacheOptions, 'memory' | 'loads'>>;

/** The options of the cache `name` inside a cache with these. */
export function deriveOptions(
  options: ResolvedCacheOptions,
  name: string,
  overrides: CacheOverrides = {},
): ResolvedCacheOptions {
  return Object.freeze({ ...options, ...overrides, namespace: Object.freeze([...options.namespace, name]) });
}
