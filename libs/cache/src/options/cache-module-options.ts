import type { Duration } from '@nest-strata/core';
import type {
  Codec,
  CoherenceMode,
  CompressionOptions,
  RegistrableClass,
  TypeOptions,
  ValueMode,
} from '@nest-strata/engine';
import type { RedisOptions } from '@nest-strata/redis';
import type { HealthOptions } from '../health/health-options.js';
import type { OutboxOptions } from '../outbox/outbox-options.js';
import type { FreshnessOptions } from './freshness-options.js';

/** The memory tier of a cache: entries in this process, no trip to anywhere. */
export interface MemoryOptions {
  /** The most entries kept; the least recently used leave first. @default 10_000 */
  readonly maxEntries?: number;
  /** The most bytes kept, as estimated from the values. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number;
  /**
   * How long memory serves a copy before it asks Redis again; never longer than the entry lives, and for no call longer
   * than this: a `memoryTtl` above it counts as this. Memory hears of changes
   * of other processes, so it need not be short; with `coherence: 'none'` it is a second at most.
   *
   * @default the entry's own ttl
   */
  readonly ttl?: Duration;
  /**
   * How callers are kept from changing what others read: `'frozen'` gives all one frozen value, `'cloned'` gives each a
   * copy, `'shared'` gives all the object that was loaded, to be changed by none.
   *
   * @default 'frozen'
   */
  readonly values?: ValueMode;
}

/** How many loaders of one cache run at once in one process. */
export interface LoadsOptions {
  /** The most that run; further ones wait their turn. @default no bound */
  readonly maxConcurrent?: number;
  /**
   * The most that wait; the callers of a load beyond get a copy within its `grace`, the call's `fallback`, or a
   * LoadShedError at once. `0`: none waits.
   *
   * @default no bound
   */
  readonly maxQueued?: number;
}

/** What a cache over Redis does about evicts that Redis did not confirm, or has lost. */
export interface RecoveryOptions {
  /**
   * After a failover to a server that is behind by no more than this, each process repeats its evicts that the server has
   * missed; when it is further behind, or nobody knows, the namespace is cleared.
   *
   * @default '30s'
   */
  readonly failoverWindow?: Duration;
  /**
   * How many evicts may wait for Redis one by one; more, or more than 100 by a pattern, are replaced by one `clear()`.
   *
   * @default 10_000
   */
  readonly maxPendingEvicts?: number;
}

/** What a named cache may have different from the rest; what is left out is as in the root cache. */
export interface NamedCacheOptions extends FreshnessOptions {
  /** How long entries stay fresh. `'0ms'`: nothing is stored. `'forever'`: until evicted. */
  readonly ttl?: Duration;
  /** The share of the ttl by which each entry's is shortened at random, in [0, 1). */
  readonly jitter?: number;
  /** `false`: this cache has no memory tier. Its entries and bytes are bounded apart from those of other caches. */
  readonly memory?: false | MemoryOptions;
  /** Bounds the loaders of this cache, apart from those of other caches. */
  readonly loads?: LoadsOptions;
}

/** A class, or a class and how its instances are kept. */
export type CachedType =
  | RegistrableClass<object>
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each entry of the list has a data type of its own
  | ({ readonly type: RegistrableClass<any> } & TypeOptions<any, any>);

/** How a cache is made: what the factory of {@link CacheModule.forRootAsync} returns. */
export interface CacheSettings extends FreshnessOptions {
  /**
   * The prefix of every key in Redis: `strata:<namespace>:…`. Applications that share a Redis must differ in it, the
   * processes of one application must not. Required when `redis` is set.
   */
  readonly namespace?: string;
  /** How long entries stay fresh. `'0ms'`: nothing is stored. `'forever'`: until evicted. @default '1h' */
  readonly ttl?: Duration;
  /** The share of the ttl by which each entry's is shortened at random, in [0, 1). @default 0 */
  readonly jitter?: number;
  /** The memory tier; `false` for none. Without `redis` there must be one. */
  readonly memory?: false | MemoryOptions;
  /**
   * The Redis tier. Left out: memory is the only tier, and nothing need be installed. `false`: the same, and `coherence`,
   * which is a mistake without Redis else, counts for nothing, so that a deployment can go without.
   */
  readonly redis?: false | RedisOptions;
  /**
   * How memory over Redis learns of the changes of other processes, which must all be told the same way: `'tracking'` by
   * Redis itself, of every change; `'tracking-reads'` by Redis, of what this process has read; `'bus'` by messages of
   * whoever writes; `'none'` not at all, so that copies live for a second. `'auto'`: tracking, or the bus where the server
   * or the user may not track.
   *
   * @default 'auto'
   */
  readonly coherence?: CoherenceMode;
  /** Bounds the loaders of a cache. Left out: as many run as are asked for. */
  readonly loads?: LoadsOptions;
  /** What happens to evicts that Redis did not confirm, or has lost. */
  readonly recovery?: RecoveryOptions;
  /**
   * How values become bytes for Redis. `'json'` can be read with redis-cli; `'msgpack'` is smaller and needs the package
   * msgpackr. Both keep Date, Map, Set, BigInt, bytes, undefined, NaN, ±Infinity, RegExp, URL, Error and `types`.
   *
   * @default 'json'
   */
  readonly codec?: 'json' | 'msgpack' | Codec;
  /** Compresses large values in Redis. Left out: none is compressed. */
  readonly compression?: Partial<CompressionOptions>;
  readonly limits?: {
    /** Values that take more bytes are returned to the caller and not stored. @default 1_048_576 (1 MiB) */
    readonly maxValueBytes?: number;
    /** Keys that take more bytes are stored under a digest. @default 1024 */
    readonly maxKeyBytes?: number;
  };
  /**
   * Classes whose instances come back from the cache as instances. Left out: those registered with `registerType`.
   *
   * @example [Money, { type: Colour, name: 'colour', serialize: (colour) => colour.hex, deserialize: Colour.ofHex }]
   */
  readonly types?: readonly CachedType[];
  /**
   * Times to live by the name of a named cache or of an entity; they win over those in the code, so that a deployment
   * can change them. Names match whatever their case and punctuation: `bedtimeStory` is `BEDTIME_STORY`.
   */
  readonly ttls?: Readonly<Record<string, Duration>>;
  /** `false`: nothing is read or stored, every call goes to its loader. @default true */
  readonly enabled?: boolean;
  /** How {@link CacheHealthIndicator} judges. */
  readonly health?: HealthOptions;
  /**
   * Keeps the evicts of cached TypeORM repositories on PostgreSQL in the database, in the transaction that makes them
   * necessary, until Redis has confirmed them: a crash between the two does not lose them. Without `redis` there is none.
   *
   * @default false
   */
  readonly outbox?: boolean | OutboxOptions;
}

/** What shapes the module itself. In `forRootAsync` these stand beside the factory, not in what it returns. */
export interface CacheModuleExtras {
  /** `false`: only modules that import this one can inject from it. @default true */
  readonly isGlobal?: boolean;
  /** Named caches, each injectable with `@InjectCache(name)`: own keys, tags, statistics and `clear()`. */
  readonly caches?: Readonly<Record<string, NamedCacheOptions>>;
}

/** The options of {@link CacheModule.forRoot}. */
export interface CacheModuleOptions extends CacheSettings, CacheModuleExtras {}

/** Makes the settings, for `useClass` and `useExisting` of {@link CacheModule.forRootAsync}. */
export interface CacheOptionsFactory {
  createCacheOptions(): CacheSettings | Promise<CacheSettings>;
}
