import { durationToMs, isDuration, type Duration } from '@nest-strata/core';
import type { PeriodCalendar, PeriodKind } from './calendar-period.js';
import { InvalidQuotaError } from './invalid-quota.error.js';
import { isTimeZone } from './zoned-days.js';

/** How much of a quota there is in each period; at least one. Whole numbers; `Infinity` counts without a limit. */
export type QuotaLimits = Readonly<Partial<Record<PeriodKind, number>>>;

/** A quota, as it is declared. */
export interface QuotaDefinition {
  /** 1 to 64 of `a-z`, `0-9`, `_` and `-`, such as `api_calls`. */
  readonly name: string;
  readonly limits: QuotaLimits;
  /** In whose midnight periods begin: an IANA name. Default `UTC`. */
  readonly timeZone?: string;
  /** On which day of the month billing periods begin, 1 to 31; in a shorter month on its last. Default 1. */
  readonly billingDay?: number;
  /** Percentages of a limit that are told once per period. Default 80, 90 and 100; empty: none. */
  readonly thresholds?: readonly number[];
  /** How long counts are kept after their period, for the history. Default `'90d'`. */
  readonly keepFor?: Duration;
  /** How long the ids of requests and reservations are remembered. Default `'1d'`. */
  readonly remember?: Duration;
  /** What happens while Redis is away: `open` (default) admits and counts nothing, `closed` denies. */
  readonly whenAway?: 'open' | 'closed';
}

/** A {@link QuotaDefinition} with all defaults, checked. */
export interface ResolvedQuota extends PeriodCalendar {
  readonly name: string;
  readonly limits: QuotaLimits;
  readonly thresholds: readonly number[];
  readonly keepMs: number;
  readonly rememberMs: number;
  readonly whenAway: 'open' | 'closed';
}

/** In the order in which results tell of them. */
export const PERIOD_KINDS: readonly PeriodKind[] = ['daily', 'weekly', 'monthly', 'billing'];
const NAME = /^[a-z0-9_-]{1,64}$/;
/** A hundredfold of it is still exact. */
const MAX_LIMIT = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);
const MAX_PERCENT = 1_000;
const OPTIONS: readonly string[] = [
  'name',
  'limits',
  'timeZone',
  'billingDay',
  'thresholds',
  'keepFor',
  'remember',
  'whenAway',
] satisfies (keyof QuotaDefinition)[];

/**
 * Checks a quota and fills in the defaults.
 *
 * @throws InvalidQuotaError with all that is wrong
 */
export function resolveQuota(definition: QuotaDefinition): ResolvedQuota {
  const problems: { path: string; message: string }[] = [];
  const expect = (isGood: boolean, path: string, given: unknown, advice: string): void => {
    if (!isGood) problems.push({ path, message: `is ${describe(given)}. ${advice}` });
  };
  const { name, limits, timeZone = 'UTC', billingDay = 1, whenAway = 'open' } = definition;
  const { thresholds = [80, 90, 100], keepFor = '90d', remember = '1d' } = definition;

  for (const option of Object.keys(definition)) {
    expect(OPTIONS.includes(option), option, 'no option', `The options are ${OPTIONS.join(', ')}`);
  }
  expect(typeof name === 'string' && NAME.test(name), 'name', name, `Give 1 to 64 of a-z, 0-9, _ and -`);
  problems.push(...problemsOfLimits(limits));
  expect(
    typeof timeZone === 'string' && isTimeZone(timeZone),
    'timeZone',
    timeZone,
    `Give an IANA name, such as 'Europe/Berlin'`,
  );
  expect(isWhole(billingDay, 1, 31), 'billingDay', billingDay, 'Give a day of the month, 1 to 31');
  expect(
    Array.isArray(thresholds) && thresholds.every((one: unknown) => isWhole(one, 1, MAX_PERCENT)),
    'thresholds',
    thresholds,
    'Give whole percentages, such as [80, 90, 100]',
  );
  expect(isSpan(keepFor), 'keepFor', keepFor, `Give a duration, such as '90d', not 'forever'`);
  expect(isSpan(remember), 'remember', remember, `Give a duration, such as '1d', not 'forever'`);
  expect(['open', 'closed'].includes(whenAway), 'whenAway', whenAway, `Write 'open' or 'closed'`);
  if (problems.length > 0) throw new InvalidQuotaError(typeof name === 'string' ? name : '?', problems);

  return Object.freeze({
    name,
    limits: Object.freeze({ ...limits }),
    timeZone,
    billingDay,
    thresholds: Object.freeze([...new Set(thresholds)].sort((one, other) => one - other)),
    keepMs: Math.ceil(durationToMs(keepFor)),
    rememberMs: Math.ceil(durationToMs(remember)),
    whenAway,
  });
}

/** What is wrong with limits, of a declaration or of a request. */
export function problemsOfLimits(limits: QuotaLimits): { path: string; message: string }[] {
  const example = 'Give whole numbers by period, such as { daily: 100, monthly: 2000 }';
  if (typeof limits !== 'object' || (limits as unknown) === null || Object.keys(limits).length === 0) {
    return [{ path: 'limits', message: `is ${describe(limits)}. ${example}` }];
  }
  return Object.entries(limits).flatMap(([kind, limit]) => {
    const path = `limits.${kind}`;
    if (!PERIOD_KINDS.includes(kind as PeriodKind)) {
      return [{ path, message: `is no period. The periods are ${PERIOD_KINDS.join(', ')}` }];
    }
    if (limit === Infinity || isWhole(limit, 0, MAX_LIMIT)) return [];
    return [{ path, message: `is ${describe(limit)}. Give a whole number from 0 to ${MAX_LIMIT}, or Infinity` }];
  });
}

function isWhole(given: unknown, min: number, max: number): boolean {
  return Number.isInteger(given) && (given as number) >= min && (given as number) <= max;
}

function isSpan(given: Duration): boolean {
  return isDuration(given) && durationToMs(given) >= 1 && durationToMs(given) < Infinity;
}

function describe(given: unknown): string {
  if (given === undefined) return 'missing';
  return typeof given === 'number' ? String(given) : JSON.stringify(given);
}
