import { Logger } from '@nestjs/common';
import type { FactoryProvider } from '@nestjs/common';
import { SystemClock } from '@nest-strata/core';
import { CacheEngine, JsonCodec, MsgpackCodec } from '@nest-strata/engine';
import type { Codec } from '@nest-strata/engine';
import { createRedis, loadIoredis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { CacheService } from './cache.service.js';
import { CACHE_DECLARATIONS, CACHE_OPTIONS, CACHE_REDIS, CACHE_SETTINGS } from './cache.tokens.js';
import { CacheRuntime } from './decorators/cache.runtime.js';
import { CacheCondition } from './health/cache-condition.js';
import { NamedCaches } from './named-caches.js';
import { resolveCacheOptions } from './options/resolve-cache-options.js';
import type { ResolvedSettings } from './options/resolved-settings.js';

const settingsProvider: FactoryProvider<ResolvedSettings> = {
  provide: CACHE_SETTINGS,
  inject: [CACHE_OPTIONS, CACHE_DECLARATIONS],
  useFactory: resolveCacheOptions,
};

/** Fails the boot for a package that is missing, never for a server that is. */
const redisProvider: FactoryProvider<RedisPort | undefined> = {
  provide: CACHE_REDIS,
  inject: [CACHE_SETTINGS],
  useFactory: async ({ redis }: ResolvedSettings) => {
    if (redis === undefined) return undefined;
    if (redis.client === undefined) await loadIoredis();
    return createRedis(redis);
  },
};

const engineProvider: FactoryProvider<CacheEngine> = {
  provide: CacheEngine,
  inject: [CACHE_SETTINGS, CACHE_REDIS],
  useFactory: async (settings: ResolvedSettings, redis: RedisPort | undefined) => {
    const logger = new Logger(CacheEngine.name);
    return CacheEngine.create(
      { ...settings.cache, codec: await codecOf(settings) },
      {
        redis,
        onListenerError: (error) =>
          logger.error('a listener of cache events has thrown; the call that it heard of goes on', error),
      },
    );
  },
};

const serviceProvider: FactoryProvider<CacheService> = {
  provide: CacheService,
  inject: [CacheEngine, CACHE_SETTINGS],
  useFactory: (engine: CacheEngine, { inherited }: ResolvedSettings) => new CacheService(engine, inherited),
};

const conditionProvider: FactoryProvider<CacheCondition> = {
  provide: CacheCondition,
  inject: [CacheEngine],
  useFactory: (engine: CacheEngine) => new CacheCondition(engine, new SystemClock()),
};

const runtimeProvider: FactoryProvider<CacheRuntime> = {
  provide: CacheRuntime,
  inject: [NamedCaches],
  useFactory: (caches: NamedCaches) => new CacheRuntime(caches),
};

/** Those of the core's providers that must be made rather than constructed. */
export const cacheProviders = [
  settingsProvider,
  redisProvider,
  engineProvider,
  serviceProvider,
  conditionProvider,
  runtimeProvider,
];

async function codecOf({ codec, cache }: ResolvedSettings): Promise<Codec> {
  if (codec === 'json') return new JsonCodec(cache.types);
  if (codec === 'msgpack') return MsgpackCodec.load(cache.types);
  return codec;
}
