import { durationToMs } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import { DEFAULT_CACHE_OPTIONS, defaultTypes } from '@nest-strata/engine';
import type { CacheOverrides, ResolvedCacheOptions } from '@nest-strata/engine';
import { InvalidRedisOptionsError, resolveRedisOptions } from '@nest-strata/redis';
import type { CacheModuleExtras, CacheSettings, MemoryOptions, NamedCacheOptions } from './cache-module-options.js';
import type { ResolvedOutboxOptions } from '../outbox/outbox-options.js';
import { describeGiven } from './describe-given.js';
import { InvalidCacheOptionsError } from './invalid-cache-options.error.js';
import type { OptionProblem } from './invalid-cache-options.error.js';
import { isPlainObject } from './option-rules.js';
import type { InheritedOptions, ResolvedSettings } from './resolved-settings.js';
import { NamedCacheShape, NO_TIER_ADVICE, SettingsShape } from './settings.shape.js';
import { toTypeRegistry } from './type-list.js';
import { validateOptions } from './validate-options.js';

/** What each option is when it is left out. */
const DEFAULTS = {
  namespace: 'default',
  ttl: '1h',
  jitter: 0,
  maxEntries: 10_000,
  maxBytes: 64 * 1024 * 1024,
  values: 'frozen',
  codec: 'json',
  thresholdBytes: 1024,
  algorithm: 'brotli',
  maxValueBytes: 1024 * 1024,
  maxKeyBytes: 1024,
  failOn: ['down'],
  outboxTable: 'strata_outbox',
  outboxInterval: '1s',
} as const;

/**
 * Checks the options of the module, fills in the defaults and freezes the result.
 *
 * @throws InvalidCacheOptionsError with everything that is wrong
 */
export function resolveCacheOptions(
  settings: CacheSettings,
  caches: NonNullable<CacheModuleExtras['caches']> = {},
): ResolvedSettings {
  const problems = problemsOf(settings, caches);
  if (problems.length > 0) throw new InvalidCacheOptionsError(problems);
  const cache = resolveRoot(settings);
  const redis = settings.enabled === false ? undefined : settings.redis;
  return frozenCopy({
    cache,
    inherited: { memory: cache.memory, hasRedis: settings.redis !== undefined },
    codec: settings.codec ?? DEFAULTS.codec,
    redis,
    caches: Object.entries(caches).map(([name, options]) => ({ name, options })),
    ttls: Object.entries(settings.ttls ?? {}).map(([name, ttl]) => ({ name, ttl })),
    failOn: settings.health?.failOn ?? DEFAULTS.failOn,
    outbox: redis && resolveOutbox(settings.outbox),
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
  const problems = namedCacheProblems({ [name]: options }, inherited.hasRedis);
  if (problems.length > 0) throw new InvalidCacheOptionsError(problems);
  const memory = options.memory === undefined ? inherited.memory : resolveMemory(options.memory, inherited.memory);
  const memoryTtlMs = memoryTtlMsOf(options.memory);
  const overrides = {
    ...(options.ttl !== undefined && { ttlMs: durationToMs(options.ttl) }),
    ...(options.jitter !== undefined && { jitter: options.jitter }),
    ...(memoryTtlMs !== undefined && { memoryTtlMs }),
    ...(options.memory !== undefined && { memory }),
  };
  return frozenCopy({ overrides, inherited: { ...inherited, memory } });
}

/** What is wrong with settings, each taken by itself or with the others. */
export function settingsProblems(settings: Readonly<Record<string, unknown>>): OptionProblem[] {
  return [...validateOptions(SettingsShape, settings), ...redisProblems(settings['redis'])];
}

function problemsOf(settings: unknown, caches: unknown): OptionProblem[] {
  if (!isPlainObject(settings)) {
    return [{ path: 'options', message: `given ${describeGiven(settings)}; return an object of options, {} for none` }];
  }
  const { isGlobal, caches: misplaced, ...rest } = settings;
  return [
    ...Object.entries({ isGlobal, caches: misplaced }).flatMap(([path, given]) =>
      given === undefined ? [] : [{ path, message: 'write it beside the factory, in forRootAsync({ … }) itself' }],
    ),
    ...settingsProblems(rest),
    ...(isPlainObject(caches)
      ? namedCacheProblems(caches, rest['redis'] !== undefined)
      : [
          {
            path: 'caches',
            message: `given ${describeGiven(caches)}; write an object such as { heroes: { ttl: '10m' } }`,
          },
        ]),
  ];
}

function redisProblems(redis: unknown): OptionProblem[] {
  if (!isPlainObject(redis)) return [];
  try {
    resolveRedisOptions(redis);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidRedisOptionsError)) throw error;
    return error.problems.map(({ path, message }) => ({ path: `redis.${path}`, message }));
  }
}

function namedCacheProblems(caches: Readonly<Record<string, unknown>>, hasRedis: boolean): OptionProblem[] {
  return Object.entries(caches).flatMap(([name, options]) => {
    const path = `caches.${name}`;
    if (name === '') return [{ path: 'caches', message: `given a cache without a name; write one, such as 'heroes'` }];
    if (!isPlainObject(options)) {
      return [{ path, message: `given ${describeGiven(options)}; write an object of options, {} for none` }];
    }
    if (options['memory'] === false && !hasRedis) return [{ path: `${path}.memory`, message: NO_TIER_ADVICE }];
    return validateOptions(NamedCacheShape, options, `${path}.`);
  });
}

function resolveRoot(settings: CacheSettings): ResolvedSettings['cache'] {
  const { memory, compression, limits } = settings;
  return {
    ...DEFAULT_CACHE_OPTIONS,
    namespace: [settings.namespace ?? DEFAULTS.namespace],
    ttlMs: durationToMs(settings.ttl ?? DEFAULTS.ttl),
    memoryTtlMs: memoryTtlMsOf(memory) ?? Infinity,
    jitter: settings.jitter ?? DEFAULTS.jitter,
    memory: resolveMemory(memory ?? {}, DEFAULTS),
    compression: compression && {
      thresholdBytes: compression.thresholdBytes ?? DEFAULTS.thresholdBytes,
      algorithm: compression.algorithm ?? DEFAULTS.algorithm,
    },
    limits: {
      maxValueBytes: limits?.maxValueBytes ?? DEFAULTS.maxValueBytes,
      maxKeyBytes: limits?.maxKeyBytes ?? DEFAULTS.maxKeyBytes,
    },
    types: settings.types ? toTypeRegistry(settings.types) : defaultTypes,
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

function resolveMemory(
  memory: false | MemoryOptions,
  defaults: ResolvedCacheOptions['memory'],
): ResolvedCacheOptions['memory'] {
  if (memory === false) return { maxEntries: 0, maxBytes: defaults.maxBytes, values: defaults.values };
  return {
    maxEntries: memory.maxEntries ?? (defaults.maxEntries || DEFAULTS.maxEntries),
    maxBytes: memory.maxBytes ?? defaults.maxBytes,
    values: memory.values ?? defaults.values,
  };
}

/** A deep copy that nobody can change, but for what the user made: clients, codecs, classes. */
function frozenCopy<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  if (!isPlainObject(value)) return value;
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([name, part]) => [name, frozenCopy(part)]))) as T;
}
