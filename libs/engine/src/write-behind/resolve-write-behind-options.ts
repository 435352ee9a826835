import { durationToMs } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import { InvalidOptionError } from '../options/invalid-option.error.js';
import type { ResolvedWriteBehindOptions, WriteBehindOptions } from './write-behind-options.js';

type Given = Required<WriteBehindOptions<never>>;

const DEFAULTS: Omit<Given, 'persist'> = {
  batchSize: 100,
  interval: '100ms',
  maxPending: 10_000,
  maxAttempts: 16,
  retryDelay: '200ms',
  maxRetryDelay: '1m',
  persistTimeout: '30s',
};
const OPTION_NAMES: readonly string[] = ['persist', ...Object.keys(DEFAULTS)];

const MAX_BATCH_SIZE = 10_000;
const MAX_MAX_PENDING = 10_000_000;

/**
 * Completes and checks the options of a write-behind queue.
 *
 * @throws InvalidOptionError for an unknown option or a value out of range
 * @throws InvalidDurationError for a duration that is none, bare numbers included
 */
export function resolveWriteBehindOptions<T>(options: WriteBehindOptions<T>): ResolvedWriteBehindOptions<T> {
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.includes(name)) {
      throw new InvalidOptionError(name, `unknown; the options are ${OPTION_NAMES.join(', ')}`);
    }
  }
  const given = { ...DEFAULTS, ...withoutUndefined(options) };
  if (typeof given.persist !== 'function') {
    throw new InvalidOptionError('persist', 'missing; write a function that brings a batch into the database');
  }
  const retryDelayMs = waitOf('retryDelay', given.retryDelay);
  return Object.freeze({
    persist: given.persist,
    batchSize: wholeNumber('batchSize', given.batchSize, MAX_BATCH_SIZE),
    intervalMs: waitOf('interval', given.interval),
    maxPending: wholeNumber('maxPending', given.maxPending, MAX_MAX_PENDING),
    maxAttempts: given.maxAttempts === Infinity ? Infinity : wholeNumber('maxAttempts', given.maxAttempts, 1_000_000),
    retryDelayMs,
    maxRetryDelayMs: Math.max(retryDelayMs, waitOf('maxRetryDelay', given.maxRetryDelay)),
    persistTimeoutMs: atLeastOneMs('persistTimeout', durationToMs(given.persistTimeout)),
  });
}

function withoutUndefined<T>(options: WriteBehindOptions<T>): WriteBehindOptions<T> {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as WriteBehindOptions<T>;
}

function wholeNumber(option: string, given: number, max: number): number {
  if (Number.isInteger(given) && given >= 1 && given <= max) return given;
  throw new InvalidOptionError(option, `${String(given)} given; write a whole number from 1 to ${max}`);
}

function waitOf(option: string, given: Duration): number {
  const waitMs = atLeastOneMs(option, durationToMs(given));
  if (waitMs < Infinity) return waitMs;
  throw new InvalidOptionError(option, `'forever' would be never; write a time such as '100ms'`);
}

function atLeastOneMs(option: string, givenMs: number): number {
  if (givenMs >= 1) return givenMs;
  throw new InvalidOptionError(option, `${givenMs} ms is too short; write '1ms' or more`);
}
