import { durationToMs } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import { InvalidOptionError } from '../options/invalid-option.error.js';
import type { LoadOptions } from '../read-through/loader.js';
import type { ResolvedEntryOptions } from './entry-options.js';
import { encodeSourceVersion } from './source-version.js';

/** What a cache contributes to the options of its entries. */
export type EntryDefaults = Omit<ResolvedEntryOptions, 'tags' | 'version' | 'fallback'>;

type GivenOptions = LoadOptions;
type Rules = { readonly [Option in keyof Required<GivenOptions>]: (given: never) => Partial<ResolvedEntryOptions> };

/** What each option of a call means; `signal` and `forceRefresh` are for the call itself. */
const RULES: Rules = {
  ttl: (ttl: Duration) => ({ ttlMs: durationToMs(ttl) }),
  memoryTtl: (ttl: Duration) => ({ memoryTtlMs: durationToMs(ttl) }),
  jitter: (jitter: number) => ({ jitter: checkShare('jitter', jitter) }),
  tags: (tags: readonly string[]) => ({ tags: checkTags(tags) }),
  grace: (grace: Duration) => ({ graceMs: durationToMs(grace) }),
  staleWhileRevalidate: (time: Duration) => ({ staleWhileRevalidateMs: durationToMs(time) }),
  negativeTtl: (ttl: Duration) => ({ negativeTtlMs: durationToMs(ttl) }),
  slidingTtl: (ttl: Duration) => ({ slidingTtlMs: durationToMs(ttl) }),
  version: (version: never) => ({ version: encodeSourceVersion(version) }),
  refreshAhead: (share: number) => ({ refreshAhead: checkShare('refreshAhead', share) }),
  earlyRefresh: (beta: number) => ({ earlyRefresh: checkBeta(beta) }),
  softTimeout: (time: Duration) => ({ softTimeoutMs: toTimeoutMs(time) }),
  hardTimeout: (time: Duration) => ({ hardTimeoutMs: toTimeoutMs(time) }),
  lockTimeout: (time: Duration) => ({ lockTimeoutMs: durationToMs(time) }),
  onLockTimeout: (reaction: 'load' | 'fail') => ({ onLockTimeout: checkReaction(reaction) }),
  errorTtl: (ttl: Duration) => ({ errorTtlMs: toPauseMs('errorTtl', ttl) }),
  retryAfter: (time: Duration) => ({ retryAfterMs: toPauseMs('retryAfter', time) }),
  fallback: (fallback: (error: unknown) => unknown) => ({ fallback: checkFallback(fallback) }),
  signal: () => ({}),
  forceRefresh: () => ({}),
};

/** The longest that a failure may keep loaders from being asked. */
const LONGEST_PAUSE: Duration = '1d';

const NO_TAGS: readonly string[] = Object.freeze([]);

/**
 * Lays the options of one call over the defaults of its cache.
 *
 * @throws InvalidOptionError for an unknown option or a value out of range
 * @throws InvalidDurationError for a duration that is none, bare numbers included
 */
export function resolveEntryOptions(defaults: EntryDefaults, given: GivenOptions | undefined): ResolvedEntryOptions {
  const resolved = { ...pickDefaults(defaults), tags: NO_TAGS, version: undefined, fallback: undefined };
  if (given === undefined) return resolved;
  for (const [option, value] of Object.entries(given)) {
    if (!Object.hasOwn(RULES, option)) throw new InvalidOptionError(option, `unknown; ${knownOptions()}`);
    if (value !== undefined) Object.assign(resolved, RULES[option as keyof Rules](value as never));
  }
  const memoryTtlMs = Math.min(resolved.memoryTtlMs, defaults.memoryTtlMs, resolved.ttlMs);
  return { ...resolved, memoryTtlMs };
}

/** Tags without repetitions. */
export function checkTags(tags: readonly string[]): readonly string[] {
  const given: unknown = tags;
  if (!Array.isArray(given)) throw new InvalidOptionError('tags', `${typeof given} given; write an array of strings`);
  for (const tag of given as readonly unknown[]) {
    if (typeof tag !== 'string' || tag === '') {
      throw new InvalidOptionError('tags', `${JSON.stringify(tag)} is not a tag; write non-empty strings`);
    }
  }
  return tags.length < 2 ? tags : [...new Set(tags)];
}

/** The defaults alone: a cache's options are more than that. */
function pickDefaults(defaults: EntryDefaults): EntryDefaults {
  return {
    ttlMs: defaults.ttlMs,
    memoryTtlMs: defaults.memoryTtlMs,
    jitter: defaults.jitter,
    graceMs: defaults.graceMs,
    staleWhileRevalidateMs: defaults.staleWhileRevalidateMs,
    negativeTtlMs: defaults.negativeTtlMs,
    slidingTtlMs: defaults.slidingTtlMs,
    refreshAhead: defaults.refreshAhead,
    earlyRefresh: defaults.earlyRefresh,
    softTimeoutMs: defaults.softTimeoutMs,
    hardTimeoutMs: defaults.hardTimeoutMs,
    lockTimeoutMs: defaults.lockTimeoutMs,
    onLockTimeout: defaults.onLockTimeout,
    errorTtlMs: defaults.errorTtlMs,
    retryAfterMs: defaults.retryAfterMs,
  };
}

function checkShare(option: string, share: number): number {
  if (typeof share === 'number' && share >= 0 && share < 1) return share;
  throw new InvalidOptionError(option, `${String(share)} given; write a share of the ttl in [0, 1), such as 0.1`);
}

function checkBeta(beta: number): number {
  if (typeof beta === 'number' && beta >= 0 && beta < Infinity) return beta;
  throw new InvalidOptionError('earlyRefresh', `${String(beta)} given; write 0 for none, 1, or more for earlier`);
}

/** A time limit of nothing would be no limit that anybody means. */
function toTimeoutMs(time: Duration): number {
  return durationToMs(time) || Infinity;
}

function toPauseMs(option: string, time: Duration): number {
  const ms = durationToMs(time);
  if (ms <= durationToMs(LONGEST_PAUSE)) return ms;
  throw new InvalidOptionError(option, `${JSON.stringify(time)} given; write a duration up to '${LONGEST_PAUSE}'`);
}

function checkReaction(reaction: 'load' | 'fail'): 'load' | 'fail' {
  if (reaction === 'load' || (reaction as string) === 'fail') return reaction;
  throw new InvalidOptionError('onLockTimeout', `${JSON.stringify(reaction)} given; write 'load' or 'fail'`);
}

function checkFallback(fallback: (error: unknown) => unknown): (error: unknown) => unknown {
  if (typeof fallback === 'function') return fallback;
  throw new InvalidOptionError(
    'fallback',
    `${typeof fallback} given; write a function of the error that returns the value, such as () => []`,
  );
}

function knownOptions(): string {
  return `the options are ${Object.keys(RULES).join(', ')}`;
}
