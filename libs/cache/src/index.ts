export { CacheModule } from './cache.module.js';
export type { CacheFeature } from './cache.module.js';
export { CacheService } from './cache.service.js';
export { getCacheToken, InjectCache } from './cache.tokens.js';
export { attachCache } from './decorators/attach-cache.js';
export { CacheConfig } from './decorators/cache-config.decorator.js';
export type { CacheDecorator, CachedMethod } from './decorators/cache-decorator.js';
export { CacheEvict } from './decorators/cache-evict.decorator.js';
export { CachePut } from './decorators/cache-put.decorator.js';
export { CacheRuntime } from './decorators/cache.runtime.js';
export { Cacheable } from './decorators/cacheable.decorator.js';
export { Caching } from './decorators/caching.decorator.js';
export type { CacheDirectory, DecoratedCache } from './decorators/decorated-cache.js';
export type {
  CacheableOptions,
  CacheConfigOptions,
  CacheEvictOptions,
  CachePutOptions,
  CachingOptions,
} from './decorators/decorator-options.js';
export { DefaultKeyError } from './decorators/default-key.error.js';
export { DuplicateDefaultKeyError } from './decorators/duplicate-default-key.error.js';
export { FromResult, fromResult } from './decorators/from-result.js';
export { InvalidDecoratorError } from './decorators/invalid-decorator.error.js';
export { InvalidOptionResultError } from './decorators/invalid-option-result.error.js';
export { UncacheableReturnError } from './decorators/uncacheable-return.error.js';
export { UnknownCacheError } from './decorators/unknown-cache.error.js';
export { DuplicateCacheModuleError } from './errors/duplicate-cache-module.error.js';
export { DuplicateCacheError } from './errors/duplicate-cache.error.js';
export { CacheHealthIndicator } from './health/cache-health.indicator.js';
export type { CacheHealth, CacheHealthResult, RedisHealth } from './health/cache-health.js';
export type { CacheState, HealthOptions } from './health/health-options.js';
export type {
  CachedType,
  CacheModuleExtras,
  CacheModuleOptions,
  CacheOptionsFactory,
  CacheSettings,
  MemoryOptions,
  NamedCacheOptions,
} from './options/cache-module-options.js';
export { InvalidCacheOptionsError } from './options/invalid-cache-options.error.js';
export type { OptionProblem } from './options/invalid-cache-options.error.js';
