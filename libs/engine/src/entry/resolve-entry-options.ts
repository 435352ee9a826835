import { durationToMs } from '@nest-strata/core';
import type { ResolvedCacheOptions } from '../options/cache-options.js';
import { InvalidOptionError } from '../options/invalid-option.error.js';
import type { EntryOptions, ResolvedEntryOptions } from './entry-options.js';

/** What a cache contributes to the options of its entries. */
export type EntryDefaults = Pick<ResolvedCacheOptions, 'ttlMs' | 'memoryTtlMs' | 'jitter'>;

const KNOWN_OPTIONS = new Set(['ttl', 'memoryTtl', 'jitter', 'tags', 'signal', 'forceRefresh']);
const NO_TAGS: readonly string[] = Object.freeze([]);

/**
 * Lays the options of one call over the defaults of its cache.
 *
 * @throws InvalidOptionError for an unknown option or a value out of range
 * @throws InvalidDurationError for a duration that is none, bare numbers included
 */
export function resolveEntryOptions(defaults: EntryDefaults, given: EntryOptions | undefined): ResolvedEntryOptions {
  if (given === undefined) return { ...defaults, tags: NO_TAGS };
  for (const option of Object.keys(given)) {
    if (!KNOWN_OPTIONS.has(option)) throw new InvalidOptionError(option, `unknown; ${knownOptions()}`);
  }
  const ttlMs = given.ttl === undefined ? defaults.ttlMs : durationToMs(given.ttl);
  const memoryTtlMs = given.memoryTtl === undefined ? defaults.memoryTtlMs : durationToMs(given.memoryTtl);
  return {
    ttlMs,
    memoryTtlMs: Math.min(memoryTtlMs, defaults.memoryTtlMs, ttlMs),
    jitter: given.jitter === undefined ? defaults.jitter : checkJitter(given.jitter),
    tags: given.tags === undefined ? NO_TAGS : checkTags(given.tags),
  };
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

function checkJitter(jitter: number): number {
  if (typeof jitter === 'number' && jitter >= 0 && jitter < 1) return jitter;
  throw new InvalidOptionError('jitter', `${String(jitter)} given; write a share of the ttl in [0, 1), such as 0.1`);
}

function knownOptions(): string {
  return `the options are ${[...KNOWN_OPTIONS].join(', ')}`;
}
