import { durationToMs, isDuration, type Duration } from '@nest-strata/core';
import { InvalidChannelOptionsError } from './errors/invalid-channel-options.error.js';
import type { DurableHandlerOptions, HandlerOptions, LiveHandlerOptions } from './handler-options.js';

/** {@link DurableHandlerOptions}, checked and in milliseconds. */
export interface ResolvedDurableOptions {
  readonly group: string;
  readonly name: string;
  readonly concurrency: number;
  readonly maxDeliveries: number;
  readonly retryAfterMs: number;
  readonly claimAfterMs: number;
  readonly pollEveryMs: number;
  readonly startAt: 'oldest' | 'now';
}

const LIVE: readonly string[] = [
  'params',
  'name',
  'queueLimit',
  'coalesceBy',
  'onGap',
] satisfies (keyof LiveHandlerOptions)[];
const DURABLE: readonly string[] = [
  'group',
  'name',
  'concurrency',
  'maxDeliveries',
  'retryAfter',
  'claimAfter',
  'pollEvery',
  'startAt',
] satisfies (keyof DurableHandlerOptions)[];

const DEFAULT_QUEUE_LIMIT = 1_000;
const MAX_QUEUE_LIMIT = 1_000_000;
const MAX_CONCURRENCY = 1_000;
const MAX_DELIVERIES = 1_000;

/** @throws InvalidChannelOptionsError when an option cannot be used, or is one of durable channels */
export function checkLiveOptions(channel: string, options: HandlerOptions): { queueLimit: number } {
  checkNames(
    options,
    LIVE,
    DURABLE,
    `is for durable channels, which '${channel}' is not. Declare it with durable: true`,
  );
  for (const name of ['coalesceBy', 'onGap'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') fail(name, 'is no function');
  }
  return { queueLimit: checkNumber('queueLimit', options.queueLimit ?? DEFAULT_QUEUE_LIMIT, MAX_QUEUE_LIMIT) };
}

/** @throws InvalidChannelOptionsError when an option cannot be used, or is one of channels that are not durable */
export function resolveDurableOptions(channel: string, options: HandlerOptions): ResolvedDurableOptions {
  checkNames(options, DURABLE, LIVE, `is not for durable channels, one of which is '${channel}'. Leave it out`);
  const { group } = options;
  const startAt: string = options.startAt ?? 'oldest';
  if (typeof group !== 'string' || group === '') {
    return fail('group', `is missing, and '${channel}' is durable. Name who shares the work, such as 'mailer'`);
  }
  if (startAt !== 'oldest' && startAt !== 'now') fail('startAt', `is none. Give 'oldest' or 'now'`);
  return Object.freeze({
    group,
    name: options.name ?? group,
    concurrency: checkNumber('concurrency', options.concurrency ?? 1, MAX_CONCURRENCY),
    maxDeliveries: checkNumber('maxDeliveries', options.maxDeliveries ?? 5, MAX_DELIVERIES),
    retryAfterMs: checkDuration('retryAfter', options.retryAfter ?? '1s', '10ms', '1h'),
    claimAfterMs: checkDuration('claimAfter', options.claimAfter ?? '30s', '100ms', '1h'),
    pollEveryMs: checkDuration('pollEvery', options.pollEvery ?? '1s', '10ms', '1h'),
    startAt,
  });
}

function checkNames(given: object, own: readonly string[], others: readonly string[], otherwise: string): void {
  for (const name of Object.keys(given)) {
    if (own.includes(name)) continue;
    fail(name, others.includes(name) ? otherwise : `is none. The options are ${own.join(', ')}`);
  }
}

function checkNumber(path: string, given: number, max: number): number {
  return Number.isInteger(given) && given >= 1 && given <= max
    ? given
    : fail(path, `is ${String(given)}. Give a whole number from 1 to ${max}`);
}

/** @throws InvalidChannelOptionsError when it is no duration between these */
export function checkDuration(path: string, given: Duration, min: Duration, max: Duration): number {
  const ms = isDuration(given) ? durationToMs(given) : undefined;
  if (ms !== undefined && ms >= durationToMs(min) && ms <= durationToMs(max)) return Math.round(ms);
  return fail(path, `is ${JSON.stringify(given)}. Give a duration from '${min}' to '${max}'`);
}

function fail(path: string, problem: string): never {
  throw new InvalidChannelOptionsError(path, problem);
}
