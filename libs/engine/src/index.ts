export type { CoherenceState } from './coherence/coherence.js';
export { NotACounterError } from './authority/not-a-counter.error.js';
export { CacheEngine } from './cache-engine.js';
export type { CacheEngineParts } from './cache-engine.js';
export { Codec } from './codec/codec.port.js';
export { compressionAlgorithms } from './codec/compression.js';
export type { CompressionAlgorithm } from './codec/compression.js';
export { JsonCodec } from './codec/json.codec.js';
export { MissingPackageError } from './codec/missing-package.error.js';
export { MsgpackCodec } from './codec/msgpack.codec.js';
export type { CacheEntry, TagVersion } from './entry/cache-entry.js';
export type { EntryOptions } from './entry/entry-options.js';
export type { EntryDefaults } from './entry/resolve-entry-options.js';
export type { SourceVersion } from './entry/source-version.js';
export type { EvictOutcome, WriteOutcome } from './entry/write-outcome.js';
export { EntryCodec } from './envelope/entry-codec.js';
export type { EntryCodecOptions } from './envelope/entry-codec.js';
export type { EnvelopeDamage } from './envelope/envelope-damage.js';
export { ValueTooLargeError } from './envelope/value-too-large.error.js';
export { CACHE_CHANNEL } from './events/cache-event.js';
export type { CacheEvent, CacheListener, CacheStateEvent } from './events/cache-event.js';
export { DamagedEntryError } from './events/damaged-entry.error.js';
export { keyOfArguments } from './keys/argument-key.js';
export { InvalidGlobError } from './keys/invalid-glob.error.js';
export { InvalidKeyError } from './keys/invalid-key.error.js';
export { KeyGlob } from './keys/key-glob.js';
export { KeySpace } from './keys/key-space.js';
export { UnsupportedKeyArgumentError } from './keys/unsupported-key-argument.error.js';
export { LIVENESS_BOUND_MS } from './options/cache-options.js';
export type {
  CacheOverrides,
  CoherenceMode,
  CompressionOptions,
  ResolvedCacheOptions,
  ValueMode,
} from './options/cache-options.js';
export { DEFAULT_CACHE_OPTIONS } from './options/default-options.js';
export { InvalidOptionError } from './options/invalid-option.error.js';
export { InvalidBatchError } from './read-through/invalid-batch.error.js';
export type { BatchLoadContext, BatchLoader, LoadContext, Loader, LoadOptions } from './read-through/loader.js';
export type { Lookup } from './read-through/lookup.js';
export { LoadShedError } from './read-through/load-shed.error.js';
export { LoadTimeoutError } from './read-through/load-timeout.error.js';
export { LockTimeoutError } from './read-through/lock-timeout.error.js';
export { NothingToRenewError } from './read-through/nothing-to-renew.error.js';
export { RecursiveLoadError } from './read-through/recursive-load.error.js';
export { CacheStats } from './stats/cache-stats.js';
export type { CacheCounts, TierCounts } from './stats/cache-stats.js';
export { CacheTier } from './tiers/cache-tier.port.js';
export { MemoryTier } from './tiers/memory.tier.js';
export { copyValue } from './values/copy-value.js';
export { TypeRegistrationError } from './values/type-registration.error.js';
export type { RegistrableClass, TypeOptions } from './values/type-registry.js';
export { defaultTypes, registerType, TypeRegistry } from './values/type-registry.js';
export { UnsupportedValueError } from './values/unsupported-value.error.js';
export { createWriteBehind } from './write-behind/create-write-behind.js';
export type { WriteBehindSurroundings } from './write-behind/create-write-behind.js';
export { DamagedWriteError } from './write-behind/damaged-write.error.js';
export { InvalidPersistResultError } from './write-behind/invalid-persist-result.error.js';
export { LostWritesError } from './write-behind/lost-writes.error.js';
export type { FailedWrite, Persist, PersistContext, WriteToPersist } from './write-behind/persist.js';
export { PersistTimeoutError } from './write-behind/persist-timeout.error.js';
export { UnsettledWritesError } from './write-behind/unsettled-writes.error.js';
export type { WriteBehindEvent } from './write-behind/write-behind-event.js';
export type { WriteBehindOptions } from './write-behind/write-behind-options.js';
export type {
  AcceptOptions,
  DeadLetter,
  PendingWrite,
  RefusalReason,
  WriteBehindOutcome,
} from './write-behind/write-behind-outcome.js';
export type { WriteBehindStats } from './write-behind/write-behind-stats.js';
export type { WriteBehind } from './write-behind/write-behind.js';
export type { RedriveOutcome } from './write-behind/write-queue.port.js';
export { BehindWriter } from './writes/behind-writer.js';
