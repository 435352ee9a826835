import type { Duration } from '@nest-strata/core';
import type { ResolvedCacheOptions } from '@nest-strata/engine';
import type { RedisOptions } from '@nest-strata/redis';
import type { CacheState } from '../health/health-options.js';
import type { ResolvedOutboxOptions } from '../outbox/outbox-options.js';
import type { CacheSettings, NamedCacheOptions } from './cache-module-options.js';

/** What a cache passes on to the namespaces in it. */
export interface InheritedOptions {
  /** The options as they were written, with those of the caches around it. */
  readonly given: NamedCacheOptions & Pick<CacheSettings, 'coherence'>;
  readonly hasRedis: boolean;
}

/** The options of the module: checked, complete, in milliseconds and bytes, deeply frozen. */
export interface ResolvedSettings {
  /** What the engine is made from, but for its codec. */
  readonly cache: Omit<ResolvedCacheOptions, 'codec'>;
  readonly inherited: InheritedOptions;
  readonly codec: NonNullable<CacheSettings['codec']>;
  /** `undefined` without Redis, and when the cache is switched off. */
  readonly redis: RedisOptions | undefined;
  /** Checked; each cache resolves its own when it is made. */
  readonly caches: readonly { readonly name: string; readonly options: NamedCacheOptions }[];
  /** Times to live that win over those in the code, by the name of a cache or entity. */
  readonly ttls: readonly { readonly name: string; readonly ttl: Duration }[];
  /** The states that fail the health check. */
  readonly failOn: readonly Exclude<CacheState, 'up'>[];
  /** `undefined` without one, and without Redis. */
  readonly outbox: ResolvedOutboxOptions | undefined;
  /** The options that count for nothing without Redis. */
  readonly ignored: readonly string[];
}
