import { durationToMs } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import { DEFAULT_CACHE_OPTIONS, defaultTypes } from '@nest-strata/engine';
import type { CacheOverrides, ResolvedCacheOptions } from '@nest-strata/engine';
import type {
  CacheModuleExtras,
  CacheSettings,
  LoadsOptions,
  MemoryOptions,
  NamedCacheOptions,
} from './cache-module-options.js';
import type { ResolvedOutboxOptions } from '../outbox/outbox-options.js';
import { ignoredOptions, withoutIgnored } from './ignored-options.js';
import { DEFAULT_TTL, inheritedFrom } from './inherited-options.js';
import { InvalidCacheOptionsError } from './invalid-cache-options.error.js';
import { layOptions } from './lay-options.js';
import { cacheOptionProblems, namedCacheProblems } from './option-problems.js';
import { isPlainObject } from './option-rules.js';
import { resolveFreshness } from './resolve-freshness.js';
import type { InheritedOptions, ResolvedSettings } from './resolved-settings.js';
import { toTypeRegistry } from './type-list.js';

/** What options are when they are left out, as far as the engine does not say. */
const DEFAULTS = {
  namespace: 'default',
  codec: 'json',
  thresholdBytes: 1024,
  algorithm: 'brotli',
  failOn: ['down'],
  outboxTable: 'strata_outbox',
  outboxInterval: '1s',
} as const;

/** What the engine says of them. */
const {
  memory: DEFAULT_MEMORY,
  limits: DEFAULT_LIMITS,
  loads: DEFAULT_LOADS,
  recovery: DEFAULT_RECOVERY,
  ...ENGINE_DEFAULTS
} = DEFAULT_CACHE_OPTIONS;

/**
 * Checks the options of the module, fills in the defaults and freezes the result.
 *
 * @throws InvalidCacheOptionsError with everything that is wrong
 */
export function resolveCacheOptions(
  settings: CacheSettings,
  caches: NonNullable<CacheModuleExtras['caches']> = {},
): ResolvedSettings {
  const problems = cacheOptionProblems(settings, caches);
  if (problems.length > 0) throw new InvalidCacheOptionsError(problems);
  const counting = withoutIgnored(settings);
  const redis = settings.enabled === false || settings.redis === false ? undefined : settings.redis;
  return frozenCopy({
    cache: resolveRoot(counting),
    inherited: inheritedFrom(counting),
    codec: settings.codec ?? DEFAULTS.codec,
    redis,
    caches: Object.entries(caches).map(([name, options]) => ({ name, options })),
    ttls: Object.entries(settings.ttls ?? {}).map(([name, ttl]) => ({ name, ttl })),
    failOn: settings.health?.failOn ?? DEFAULTS.failOn,
    outbox: redis && resolveOutbox(settings.outbox),
    ignored: settings.enabled === false ? [] : ignoredOptions({ ...settings }),
  });
}

/**
 * What a namespace has different from the cache that it is in, and what it passes on itself.
 *
 * @throws InvalidCacheOptionsError with everything that is wrong
 */
export function resolveCacheOverrides(
  name: string,
  options: NamedCacheOptions,
  inherited: InheritedOptions,
): { readonly overrides: CacheOverrides; readonly inherited: InheritedOptions } {
  const problems = namedCacheProblems({ [name]: options }, inherited);
  if (problems.length > 0) throw new InvalidCacheOptionsError(problems);
  const given = layOptions(inherited.given, options);
  const memoryTtlMs = memoryTtlMsOf(options.memory);
  const overrides = {
    ...(options.ttl !== undefined && { ttlMs: durationToMs(options.ttl) }),
    ...(options.jitter !== undefined && { jitter: options.jitter }),
    ...resolveFreshness(options),
    ...(memoryTtlMs !== undefined && { memoryTtlMs }),
    ...(options.memory !== undefined && { memory: resolveMemory(given.memory) }),
    ...(options.loads !== undefined && { loads: resolveLoads(given.loads) }),
  };
  return frozenCopy({ overrides, inherited: { ...inherited, given } });
}

function resolveRoot(settings: CacheSettings): ResolvedSettings['cache'] {
  const { memory, compression, limits, loads, recovery } = settings;
  const { failoverWindow, maxPendingEvicts } = recovery ?? {};
  return {
    ...ENGINE_DEFAULTS,
    ...resolveFreshness(settings),
    namespace: [settings.namespace ?? DEFAULTS.namespace],
    ttlMs: durationToMs(settings.ttl ?? DEFAULT_TTL),
    memoryTtlMs: memoryTtlMsOf(memory) ?? Infinity,
    jitter: settings.jitter ?? 0,
    memory: resolveMemory(memory),
    compression: compression && {
      thresholdBytes: compression.thresholdBytes ?? DEFAULTS.thresholdBytes,
      algorithm: compression.algorithm ?? DEFAULTS.algorithm,
    },
    limits: {
      maxValueBytes: limits?.maxValueBytes ?? DEFAULT_LIMITS.maxValueBytes,
      maxKeyBytes: limits?.maxKeyBytes ?? DEFAULT_LIMITS.maxKeyBytes,
    },
    types: settings.types ? toTypeRegistry(settings.types) : defaultTypes,
    coherence: settings.coherence ?? ENGINE_DEFAULTS.coherence,
    loads: resolveLoads(loads),
    recovery: {
      failoverWindowMs: failoverWindow === undefined ? DEFAULT_RECOVERY.failoverWindowMs : durationToMs(failoverWindow),
      maxPendingEvicts: maxPendingEvicts ?? DEFAULT_RECOVERY.maxPendingEvicts,
    },
    enabled: settings.enabled ?? true,
  };
}

function resolveOutbox(outbox: CacheSettings['outbox'] = false): ResolvedOutboxOptions | undefined {
  if (outbox === false) return undefined;
  const { table = DEFAULTS.outboxTable, interval = DEFAULTS.outboxInterval } = outbox === true ? {} : outbox;
  return { table, intervalMs: durationToMs(interval) };
}

function memoryTtlMsOf(memory: false | MemoryOptions | undefined): number | undefined {
  const ttl: Duration | undefined = memory === false ? undefined : memory?.ttl;
  return ttl === undefined ? undefined : durationToMs(ttl);
}

function resolveMemory(memory: false | MemoryOptions = {}): ResolvedCacheOptions['memory'] {
  if (memory === false) return { ...DEFAULT_MEMORY, maxEntries: 0 };
  const { maxEntries, maxBytes, values } = memory;
  return {
    maxEntries: maxEntries ?? DEFAULT_MEMORY.maxEntries,
    maxBytes: maxBytes ?? DEFAULT_MEMORY.maxBytes,
    values: values ?? DEFAULT_MEMORY.values,
  };
}

function resolveLoads({ maxConcurrent, maxQueued }: LoadsOptions = {}): ResolvedCacheOptions['loads'] {
  return {
    maxConcurrent: maxConcurrent ?? DEFAULT_LOADS.maxConcurrent,
    maxQueued: maxQueued ?? DEFAULT_LOADS.maxQueued,
  };
}

/** A deep copy that nobody can change, but for what the user made: clients, codecs, classes. */
function frozenCopy<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  if (!isPlainObject(value)) return value;
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, part]) => [name, frozenCopy(part)]))) as T;
}
