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
export type {
  CacheHealth,
  CacheHealthResult,
  CoherenceHealth,
  PendingEvictsHealth,
  RedisHealth,
} from './health/cache-health.js';
export type { CacheState, HealthOptions } from './health/health-options.js';
export type {
  CachedType,
  CacheModuleExtras,
  CacheModuleOptions,
  CacheOptionsFactory,
  CacheSettings,
  LoadsOptions,
  MemoryOptions,
  NamedCacheOptions,
  RecoveryOptions,
} from './options/cache-module-options.js';
export type { FreshnessOptions } from './options/freshness-options.js';
export { InvalidCacheOptionsError } from './options/invalid-cache-options.error.js';
export type { OptionProblem } from './options/invalid-cache-options.error.js';
export type { OutboxOptions } from './outbox/outbox-options.js';
export { OutboxTableError } from './outbox/outbox-table.error.js';
export { CachedRepository } from './repository/cached-repository.js';
export { CacheStrategy } from './repository/cache-strategy.js';
export type { EntityClass, RepositoryReads, WrittenIds } from './repository/cache-strategy.js';
export type { EntityChange } from './repository/entity-change.js';
export { EntityIndex, list, unique } from './repository/entity-index.js';
export type { IndexPart, IndexValue, ListIndex, UniqueIndex } from './repository/entity-index.js';
export { DuplicateCacheStrategyError } from './repository/errors/duplicate-cache-strategy.error.js';
export { InvalidCacheStrategyError } from './repository/errors/invalid-cache-strategy.error.js';
export { QueuedWriteError } from './repository/errors/queued-write.error.js';
export { UncacheableRepositoryError } from './repository/errors/uncacheable-repository.error.js';
export type { EntityId, KeyPart } from './repository/key-part.js';
export { getCachedRepositoryToken, InjectCachedRepository } from './repository/repository-feature.js';
export type { RepositoryFeature } from './repository/repository-feature.js';
export { RepositoryStats } from './repository/repository-stats.js';
export { SaveQueue } from './repository/save-queue.js';
export type { DeadSave } from './repository/save-queue.js';
export type { Duration } from '@nest-strata/core';
export { duration, InvalidDurationError, StrataError } from '@nest-strata/core';
export {
  CACHE_CHANNEL,
  CacheStats,
  Codec,
  InvalidBatchError,
  InvalidGlobError,
  InvalidKeyError,
  InvalidOptionError,
  LoadShedError,
  LoadTimeoutError,
  LockTimeoutError,
  NotACounterError,
  NothingToRenewError,
  RecursiveLoadError,
  registerType,
  TypeRegistrationError,
  UnsupportedValueError,
} from '@nest-strata/engine';
export type {
  BatchLoadContext,
  BatchLoader,
  BehindWriter,
  CacheCounts,
  CacheEvent,
  CoherenceMode,
  CompressionOptions,
  EntryOptions,
  EvictOutcome,
  LoadContext,
  Loader,
  LoadOptions,
  Lookup,
  RedriveOutcome,
  RegistrableClass,
  SourceVersion,
  TierCounts,
  TypeOptions,
  ValueMode,
  WriteBehindEvent,
  WriteBehindOptions,
  WriteBehindOutcome,
  WriteBehindStats,
  WriteOutcome,
} from '@nest-strata/engine';
export { MissingIoredisError } from '@nest-strata/redis';
export type { RedisOptions } from '@nest-strata/redis';
