export { CacheModule } from './cache.module.js';
export type { CacheFeature } from './cache.module.js';
export { CacheService } from './cache.service.js';
export { getCacheToken, InjectCache } from './cache.tokens.js';
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
