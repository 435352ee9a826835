import { compressionAlgorithms, TypeRegistrationError } from '@nest-strata/engine';
import { isTableName } from '../outbox/table-name.js';
import { describeGiven } from './describe-given.js';
import { FreshnessShape } from './freshness.shape.js';
import {
  durationAdvice,
  IsDuration,
  IsDurationWithin,
  IsGroup,
  IsListOf,
  IsOneOf,
  isPlainObject,
  IsShare,
  IsSwitch,
  IsText,
  IsWhole,
  OptionRule,
} from './option-rules.js';
import type { CachedType } from './cache-module-options.js';
import { toTypeRegistry } from './type-list.js';
import type { OptionsShape } from './validate-options.js';

/** What is said of `memory: false` where there is no other tier. */
export const NO_TIER_ADVICE =
  'given false without redis, which leaves no tier; configure redis, or write enabled: false for no cache at all';

/** The rules of `MemoryOptions`. */
class MemoryShape {
  @IsWhole(1, 'entries') maxEntries: unknown;
  @IsWhole(1, 'bytes') maxBytes: unknown;
  @IsDuration() ttl: unknown;
  @IsOneOf(['frozen', 'cloned', 'shared']) values: unknown;
}

class LoadsShape {
  @IsWhole(1, 'loads') maxConcurrent: unknown;
  @IsWhole(0, 'loads') maxQueued: unknown;
}

/** The rules of `NamedCacheOptions`. */
export class NamedCacheShape extends FreshnessShape {
  static readonly groups: Readonly<Record<string, OptionsShape>> = { memory: MemoryShape, loads: LoadsShape };

  @IsDuration() ttl: unknown;
  @IsShare() jitter: unknown;
  @IsGroup('or false') memory: unknown;
  @IsGroup() loads: unknown;
}

class RecoveryShape {
  @IsDurationWithin('1s', '1h') failoverWindow: unknown;
  @IsWhole(1, 'evicts') maxPendingEvicts: unknown;
}

class CompressionShape {
  @IsWhole(0, 'bytes') thresholdBytes: unknown;
  @IsOneOf(compressionAlgorithms) algorithm: unknown;
}

class LimitsShape {
  @IsWhole(1, 'bytes') maxValueBytes: unknown;
  @IsWhole(128, 'bytes') maxKeyBytes: unknown;
}

class HealthShape {
  @IsListOf(['degraded', 'down']) failOn: unknown;
}

class OutboxShape {
  @OptionRule(tableAdvice) table: unknown;
  @IsDurationWithin('100ms', '1h') interval: unknown;
}

/** The rules of `CacheSettings`; those inside of `redis` are the ones of `resolveRedisOptions`. */
export class SettingsShape extends FreshnessShape {
  static readonly groups: Readonly<Record<string, OptionsShape>> = {
    memory: MemoryShape,
    loads: LoadsShape,
    recovery: RecoveryShape,
    compression: CompressionShape,
    limits: LimitsShape,
    health: HealthShape,
    outbox: OutboxShape,
  };

  @OptionRule((given, { redis }) =>
    given === undefined && isPlainObject(redis)
      ? `missing, and needed with redis; write the name of your application, such as 'shop'`
      : undefined,
  )
  @IsText('shop')
  namespace: unknown;

  @IsDuration() ttl: unknown;
  @IsShare() jitter: unknown;

  @OptionRule((given, { redis, enabled }) =>
    given === false && (redis === undefined || redis === false) && enabled !== false ? NO_TIER_ADVICE : undefined,
  )
  @IsGroup('or false')
  memory: unknown;

  @IsGroup('or false') redis: unknown;

  @OptionRule((given, { redis }) =>
    given !== undefined && redis === undefined
      ? `given ${describeGiven(given)} without redis, where no other process shares the cache; leave it out, or configure redis`
      : undefined,
  )
  @IsOneOf(['auto', 'tracking', 'tracking-reads', 'bus', 'none'])
  coherence: unknown;

  @IsGroup() loads: unknown;
  @IsGroup() recovery: unknown;
  @OptionRule(codecAdvice) codec: unknown;
  @IsGroup() compression: unknown;
  @IsGroup() limits: unknown;
  @OptionRule(typesAdvice) types: unknown;
  @OptionRule(ttlsAdvice) ttls: unknown;
  @IsSwitch() enabled: unknown;
  @IsGroup() health: unknown;
  @OptionRule(outboxAdvice) outbox: unknown;
}

function codecAdvice(given: unknown): string | undefined {
  if (given === undefined || given === 'json' || given === 'msgpack' || isCodec(given)) return undefined;
  return `given ${describeGiven(given)}; write 'json', 'msgpack', or an instance of a class that extends Codec`;
}

/** A codec by its shape: `instanceof` would refuse one that was made with another copy of the engine. */
function isCodec(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false;
  const { id, name, encode, decode } = given as Readonly<Record<string, unknown>>;
  return [typeof id, typeof name, typeof encode, typeof decode].join() === 'number,string,function,function';
}

function ttlsAdvice(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (!isPlainObject(given)) return `given ${describeGiven(given)}; write an object such as { hero: '1h' }`;
  const problems = Object.entries(given).flatMap(([name, ttl]) => {
    const advice = durationAdvice(ttl);
    return advice === undefined ? [] : [`for ${name}, ${advice}`];
  });
  return problems.length === 0 ? undefined : problems.join('; ');
}

function outboxAdvice(given: unknown): string | undefined {
  if (given === undefined || typeof given === 'boolean' || isPlainObject(given)) return undefined;
  return `given ${describeGiven(given)}; write true, false or an object of options`;
}

function tableAdvice(given: unknown): string | undefined {
  if (given === undefined || isTableName(given)) return undefined;
  return `given ${describeGiven(given)}; write a name of letters, digits and underscores, such as 'evictions' or 'cache.evictions'`;
}

function typesAdvice(given: unknown): string | undefined {
  if (given === undefined) return undefined;
  if (!Array.isArray(given)) return `given ${describeGiven(given)}; write a list of classes, such as [Money]`;
  const index = given.findIndex((entry: unknown) => typeof classOf(entry) !== 'function');
  if (index >= 0) {
    return `given ${describeGiven(given[index])} at ${index}; write a class, or { type: Money, name: 'money' }`;
  }
  try {
    toTypeRegistry(given as readonly CachedType[]);
    return undefined;
  } catch (error) {
    if (error instanceof TypeRegistrationError) return error.message;
    throw error;
  }
}

function classOf(entry: unknown): unknown {
  return isPlainObject(entry) ? entry['type'] : entry;
}
