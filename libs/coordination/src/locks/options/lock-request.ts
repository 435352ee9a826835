import { durationToMs, isDuration } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import { InvalidLockOptionsError } from '../errors/invalid-lock-options.error.js';
import type { AcquireOptions, LockServiceOptions } from './lock-options.js';

/** {@link AcquireOptions} with all defaults, checked, in whole milliseconds. */
export interface LockRequest {
  readonly ttlMs: number;
  /** 0: not at all; `Infinity`: for ever. */
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
  readonly isFair: boolean;
  readonly mode: 'exclusive' | 'shared';
  readonly limit: number;
  readonly isRenewed: boolean;
  readonly replicas: number;
}

/** What a call that says nothing gets. */
export type LockDefaults = Required<Pick<LockServiceOptions, 'ttl' | 'wait' | 'replicas'>>;

const MIN_TTL_MS = 50;
const MAX_TTL_MS = 86_400_000;
const MAX_WAIT_MS = 10 * 365 * 86_400_000;
/** More than can hold a lock at once; Redis counts it exactly. */
const NO_LIMIT = 2 ** 31;
const MAX_REPLICAS = 100;
const OPTION_NAMES: readonly string[] = [
  'ttl',
  'wait',
  'signal',
  'fair',
  'mode',
  'limit',
  'renew',
  'replicas',
  'reenter',
] satisfies (keyof AcquireOptions | 'reenter')[];
const SERVICE_OPTION_NAMES: readonly string[] = [
  'namespace',
  'ttl',
  'wait',
  'replicas',
] satisfies (keyof LockServiceOptions)[];

/**
 * Checks the options of a service, but for its namespace, and fills in the defaults.
 *
 * @throws InvalidLockOptionsError
 */
export function resolveLockDefaults(options: LockServiceOptions): LockDefaults {
  checkNames(options, SERVICE_OPTION_NAMES);
  const defaults: LockDefaults = {
    ttl: options.ttl ?? '10s',
    wait: options.wait ?? '10s',
    replicas: options.replicas ?? 0,
  };
  resolveLockRequest({}, defaults);
  return Object.freeze(defaults);
}

/**
 * Checks the options of a call and fills in the defaults.
 *
 * @throws InvalidLockOptionsError
 */
export function resolveLockRequest(options: AcquireOptions, defaults: LockDefaults): LockRequest {
  checkNames(options, OPTION_NAMES);
  const mode: unknown = options.mode ?? 'exclusive';
  if (mode !== 'exclusive' && mode !== 'shared') {
    throw new InvalidLockOptionsError('mode', `is ${describe(mode)}. Give 'exclusive' or 'shared'`);
  }
  if (options.limit !== undefined && mode === 'exclusive') {
    throw new InvalidLockOptionsError(
      'limit',
      `is for a lock that is shared. Give { mode: 'shared' } too, or leave it`,
    );
  }
  return Object.freeze({
    ttlMs: resolveTtl(options.ttl ?? defaults.ttl),
    waitMs: waitOf(options.wait ?? defaults.wait),
    signal: options.signal,
    isFair: options.fair ?? true,
    mode,
    limit: mode === 'exclusive' ? 1 : integerOf('limit', options.limit ?? NO_LIMIT, 1, NO_LIMIT),
    isRenewed: options.renew ?? true,
    replicas: integerOf('replicas', options.replicas ?? defaults.replicas, 0, MAX_REPLICAS),
  });
}

/**
 * A ttl in whole milliseconds.
 *
 * @throws InvalidLockOptionsError when it is not from 50 ms to a day
 */
export function resolveTtl(given: Duration): number {
  const ms = isDuration(given) ? durationToMs(given) : NaN;
  if (ms >= MIN_TTL_MS && ms <= MAX_TTL_MS) return Math.floor(ms);
  throw new InvalidLockOptionsError('ttl', `is ${describe(given)}. Give a duration from '50ms' to '1d', such as '10s'`);
}

function waitOf(given: 'none' | Duration): number {
  if (given === 'none') return 0;
  const ms = isDuration(given) ? durationToMs(given) : NaN;
  if (ms === Infinity || (ms >= 0 && ms <= MAX_WAIT_MS)) return Math.ceil(ms);
  throw new InvalidLockOptionsError(
    'wait',
    `is ${describe(given)}. Give 'none', a duration such as '5s', or 'forever'`,
  );
}

function integerOf(path: string, given: number, min: number, max: number): number {
  if (Number.isInteger(given) && given >= min && given <= max) return given;
  throw new InvalidLockOptionsError(path, `is ${describe(given)}. Give a whole number from ${min} to ${max}`);
}

function checkNames(given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InvalidLockOptionsError(unknown, `is not an option. The options are ${known.join(', ')}`);
}

function describe(given: unknown): string {
  if (typeof given === 'string') return JSON.stringify(given);
  return typeof given === 'number' || typeof given === 'boolean' ? String(given) : `of type ${typeof given}`;
}
