import type { Duration } from '@nest-strata/core';
import type { Codec, CompressionOptions, RegistrableClass, TypeOptions, ValueMode } from '@nest-strata/engine';
import type { RedisOptions } from '@nest-strata/redis';
import type { HealthOptions } from '../health/health-options.js';
import type { OutboxOptions } from '../outbox/outbox-options.js';

/** The memory tier of a cache: entries in this process, no trip to anywhere. */
export interface MemoryOptions {
  /** The most entries kept; the least recently used leave first. @default 10_000 */
  readonly maxEntries?: number;
  /** The most bytes kept, as estimated from the values. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number;
  /**
   * How long memory keeps a copy, counted from the moment it was stored there; never longer than the entry lives.
   * Over Redis never longer than a second, because memory does not hear of the writes of other processes.
   *
   * @default the entry's own ttl; over Redis `'1s'`
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

/** What a named cache may have different from the rest; what is left out is as in the root cache. */
export interface NamedCacheOptions {
  /** How long entries stay fresh. `'0ms'`: nothing is stored. `'forever'`: until evicted. */
  readonly ttl?: Duration;
  /** The share of the ttl by which each entry's is shortened at random, in [0, 1). */
  readonly jitter?: number;
  /** `false`: this cache has no memory tier. Its entries and bytes are bounded apart from those of other caches. */
  readonly memory?: false | MemoryOptions;
}

/** A class, or a class and how its instances are kept. */
export type CachedType =
  | RegistrableClass<object>
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each entry of the list has a data type of its own
  | ({ readonly type: RegistrableClass<any> } & TypeOptions<any, any>);

/** How a cache is made: what the factory of {@link CacheModule.forRootAsync} returns. */
export interface CacheSettings {
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
  /** The Redis tier. Left out: memory is the only tier, and nothing need be installed. */
  readonly redis?: RedisOptions;
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
