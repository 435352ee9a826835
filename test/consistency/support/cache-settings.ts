import { DEFAULT_CACHE_OPTIONS, JsonCodec } from '@nest-strata/engine';
import type { LoadOptions, ResolvedCacheOptions } from '@nest-strata/engine';
import type { RedisOptions } from '@nest-strata/redis';

/** How a worker is to make a cache. Everything here is cloned on its way to the worker. */
export interface CacheSettings {
  /** Laid over the engine's defaults. */
  readonly engine?: Partial<Omit<ResolvedCacheOptions, 'namespace' | 'codec' | 'types'>>;
  /** How the worker reaches Redis. Caches with equal settings share a port; by default all of a worker do. */
  readonly redis?: Omit<RedisOptions, 'url' | 'client'>;
  /**
   * The calls to Redis, by `RedisCall.name`, that happen only when the test lets them: each waits at `fleet.steps` before it
   * is sent, and again when its reply is there.
   */
  readonly steppedCalls?: readonly string[];
}

/** What a call of `getOrSet` may say. */
export interface ReadOptions extends Omit<LoadOptions, 'signal' | 'fallback'> {
  /** Tags that the loader adds, once it has loaded. */
  readonly derivedTags?: readonly string[];
  /** The loader says that the version it has loaded is the source version of the value. */
  readonly isVersioned?: boolean;
}

/** No memory tier: every read asks Redis. */
export const NO_MEMORY: ResolvedCacheOptions['memory'] = { maxEntries: 0, maxBytes: 0, values: 'shared' };

/** The engine's options for the cache of this name. */
export function engineOptions(cache: string, { engine }: CacheSettings): ResolvedCacheOptions {
  return { ...DEFAULT_CACHE_OPTIONS, namespace: [cache], codec: new JsonCodec(), ...engine };
}
