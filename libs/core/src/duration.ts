import { StrataError } from './strata.error.js';

type DurationUnit = 'ms' | 's' | 'm' | 'h' | 'd';

/**
 * A span of time with its unit: `'500ms'`, `'30s'`, `'5m'`, `'1h'`, `'30d'`, or `'forever'`.
 *
 * A bare number is not a duration: nobody can tell seconds from milliseconds by looking at it. Decimals are allowed
 * (`'1.5s'`); signs, exponents and hexadecimal are refused at run time. `'0ms'` is a duration of no length.
 */
export type Duration = `${number}${DurationUnit}` | 'forever';

const MS_PER_UNIT: Readonly<Record<DurationUnit, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION_PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** The text or value given is not a {@link Duration}. */
export class InvalidDurationError extends StrataError {
  readonly code = 'INVALID_DURATION';

  constructor(readonly given: unknown) {
    super(`${describe(given)} is not a duration. ${advice(given)}`);
  }
}

/**
 * Checks a text that was read at run time and returns it as a {@link Duration}.
 *
 * @throws InvalidDurationError when the text is no number with a unit, or is longer than can be counted in milliseconds
 */
export function duration(text: string): Duration {
  durationToMs(text as Duration);
  return text as Duration;
}

/**
 * A duration in milliseconds; `'forever'` is `Infinity`.
 *
 * @throws InvalidDurationError for anything but a {@link Duration}, bare numbers included
 */
export function durationToMs(given: Duration): number {
  if (given === 'forever') return Infinity;
  const [, amount, unit] = (typeof given === 'string' && DURATION_PATTERN.exec(given)) || [];
  if (amount === undefined || unit === undefined) throw new InvalidDurationError(given);
  const ms = Number(amount) * MS_PER_UNIT[unit as DurationUnit];
  if (ms > Number.MAX_SAFE_INTEGER) throw new InvalidDurationError(given);
  return ms;
}

/** True for what {@link durationToMs} accepts. */
export function isDuration(given: unknown): given is Duration {
  try {
    durationToMs(given as Duration);
    return true;
  } catch {
    return false;
  }
}

function describe(given: unknown): string {
  if (typeof given === 'string') return JSON.stringify(given);
  if (typeof given === 'number' || typeof given === 'bigint' || typeof given === 'boolean') return String(given);
  return given === null ? 'null' : `A value of type ${typeof given}`;
}

function advice(given: unknown): string {
  if (typeof given === 'number' && Number.isFinite(given) && given > 0) {
    return `Say which unit is meant: '${String(given)}ms' or '${String(given)}s'.`;
  }
  return `Write a number with a unit, such as '500ms', '30s', '5m', '1h' or '30d', or 'forever'.`;
}
