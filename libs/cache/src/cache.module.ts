import { Module } from '@nestjs/common';
import type { DynamicModule, FactoryProvider } from '@nestjs/common';
import { CacheCoreModule } from './cache-core.module.js';
import type { ASYNC_OPTIONS_TYPE } from './cache.module-definition.js';
import { CacheService } from './cache.service.js';
import { getCacheToken } from './cache.tokens.js';
import { CacheHealthIndicator } from './health/cache-health.indicator.js';
import { CacheProbe } from './health/cache-probe.js';
import { NamedCaches } from './named-caches.js';
import type { CacheModuleExtras, CacheModuleOptions, NamedCacheOptions } from './options/cache-module-options.js';
import { describeGiven } from './options/describe-given.js';
import { InvalidCacheOptionsError } from './options/invalid-cache-options.error.js';
import { isPlainObject } from './options/option-rules.js';
import type { RepositoryFeature } from './repository/repository-feature.js';
import { repositoryProviders } from './repository/repository.providers.js';

/** A named cache that a module declares for itself: its name and what is different from the root cache. */
export interface CacheFeature extends NamedCacheOptions {
  readonly cache: string;
}

/**
 * Caching for an application: import {@link forRoot} or {@link forRootAsync} once, in the root module.
 *
 * @example
 * CacheModule.forRoot()                                                       // memory only
 * CacheModule.forRoot({ namespace: 'shop', redis: { url: process.env.REDIS_URL } })
 */
@Module({})
export class CacheModule {
  /**
   * The cache with options that are at hand; without any, memory is its only tier.
   *
   * The application boots whether Redis is there or not. Options that are wrong end the boot with an
   * InvalidCacheOptionsError that lists all of them.
   */
  static forRoot(options: CacheModuleOptions = {}): DynamicModule {
    return withInjectables(CacheCoreModule.forRoot(options), options);
  }

  /** The cache with options from a factory; `isGlobal` and `caches` stand beside the factory. */
  static forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withInjectables(CacheCoreModule.forRootAsync(options), options);
  }

  /**
   * What a module adds: repositories that are read through the cache, with nothing changed in them or their callers; and
   * named caches, each injectable with `@InjectCache(name)` where the module is imported.
   *
   * What is declared twice, a repository that no module provides and a strategy that does not fit its repository end the
   * boot with a DuplicateCacheError, DuplicateCacheStrategyError, UncacheableRepositoryError or InvalidCacheStrategyError.
   *
   * @example
   * CacheModule.forFeature([{ repository: HeroRepository, strategy: HeroCacheStrategy }, { cache: 'reports', ttl: '1d' }])
   */
  static forFeature(features: readonly (CacheFeature | RepositoryFeature)[]): DynamicModule {
    const caches = features.filter((feature): feature is CacheFeature => !isOfRepository(feature)).map(featureProvider);
    const { repositories, strategies } = repositoryProviders(features.filter(isOfRepository));
    const injectables = [...caches, ...repositories];
    return { module: CacheModule, providers: [...injectables, ...strategies], exports: injectables };
  }
}

/** Puts before the core what applications may inject. */
function withInjectables(core: DynamicModule, { isGlobal = true, caches = {} }: CacheModuleExtras): DynamicModule {
  const providers = [rootProvider, CacheHealthIndicator, ...Object.keys(caches).map(namedProvider)];
  return {
    module: CacheModule,
    global: isGlobal,
    imports: [core],
    providers: [...providers, CacheProbe],
    exports: providers,
  };
}

const rootProvider: FactoryProvider<CacheService> = {
  provide: CacheService,
  inject: [NamedCaches],
  useFactory: ({ root }: NamedCaches) => root,
};

function namedProvider(name: string): FactoryProvider<CacheService | undefined> {
  return {
    provide: getCacheToken(name),
    inject: [NamedCaches],
    useFactory: (caches: NamedCaches) => caches.find(name),
  };
}

function featureProvider(feature: CacheFeature): FactoryProvider<CacheService> {
  if (!isPlainObject(feature) || typeof feature.cache !== 'string') {
    const message = `given ${describeGiven(feature)}; write { cache: 'heroes' } or { repository, strategy }`;
    throw new InvalidCacheOptionsError([{ path: 'forFeature', message }]);
  }
  const { cache, ...options } = feature;
  return {
    provide: getCacheToken(cache),
    inject: [NamedCaches],
    useFactory: (caches: NamedCaches) => caches.declare(cache, options),
  };
}

function isOfRepository(feature: CacheFeature | RepositoryFeature): feature is RepositoryFeature {
  return isPlainObject(feature) && ('repository' in feature || 'strategy' in feature);
}
