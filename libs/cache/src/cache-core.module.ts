import { Global, Module } from '@nestjs/common';
import { CacheLifecycle } from './cache.lifecycle.js';
import { ConfigurableCacheCore } from './cache.module-definition.js';
import { cacheProviders } from './cache.providers.js';
import { CACHE_REDIS, CACHE_SETTINGS } from './cache.tokens.js';
import { CacheRuntime } from './decorators/cache.runtime.js';
import { EventEmitterBridge } from './events/event-emitter.bridge.js';
import { CacheCondition } from './health/cache-condition.js';
import { NamedCaches } from './named-caches.js';
import { OptionalPeers } from './optional-peers.js';
import { EvictionOutboxes } from './outbox/eviction-outboxes.js';
import { RepositoryInstances } from './repository/repository-instances.js';
import { RepositoryRegistry } from './repository/repository-registry.js';

/**
 * The one cache of an application and what works on it.
 *
 * It is global whatever `isGlobal` says, which is about what applications inject: decorated methods and `forFeature`
 * must find their cache wherever they stand.
 */
@Global()
@Module({
  providers: [
    ...cacheProviders,
    NamedCaches,
    OptionalPeers,
    CacheLifecycle,
    EventEmitterBridge,
    EvictionOutboxes,
    RepositoryInstances,
    RepositoryRegistry,
  ],
  exports: [
    NamedCaches,
    CacheRuntime,
    CacheCondition,
    OptionalPeers,
    RepositoryRegistry,
    EvictionOutboxes,
    CACHE_REDIS,
    CACHE_SETTINGS,
  ],
})
export class CacheCoreModule extends ConfigurableCacheCore {}
