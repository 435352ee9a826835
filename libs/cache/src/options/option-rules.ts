import { durationToMs } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import { ValidateBy } from 'class-validator';
import { describeGiven } from './describe-given.js';

/** The options object that a rule's option belongs to. */
type Siblings = Readonly<Record<string, unknown>>;

/**
 * A rule of class-validator for an option that may be left out. `advice` is what to write instead of a value that the
 * rule does not accept; it returns `undefined` for one that it does.
 */
export function OptionRule(advice: (given: unknown, siblings: Siblings) => string | undefined): PropertyDecorator {
  return ValidateBy({
    name: 'option',
    validator: {
      validate: (given, context) => advice(given, context?.object as Siblings) === undefined,
      defaultMessage: (context) =>
        context === undefined ? '' : (advice(context.value, context.object as Siblings) ?? ''),
    },
  });
}

/** A rule that needs no more than the value; options that are left out pass. */
function ValueRule(accepts: (given: unknown) => boolean, write: string): PropertyDecorator {
  return OptionRule((given) =>
    given === undefined || accepts(given) ? undefined : `given ${describeGiven(given)}; write ${write}`,
  );
}

/** A span of time that is no bare number. */
export function IsDuration(): PropertyDecorator {
  return OptionRule((given) => (given === undefined ? undefined : durationAdvice(given)));
}

/** A whole number from `min` to `max`. */
export function IsWhole(min: number, unit: string, max = Number.MAX_SAFE_INTEGER): PropertyDecorator {
  return ValueRule(
    (given) => Number.isSafeInteger(given) && (given as number) >= min && (given as number) <= max,
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number of ${unit}, at least ${min}`
      : `a whole number of ${unit} from ${min} to ${max}`,
  );
}

/** A span of time from `min` to `max`. */
export function IsDurationWithin(min: Duration, max: Duration): PropertyDecorator {
  return OptionRule((given) => (given === undefined ? undefined : durationWithinAdvice(given, min, max)));
}

/** A share in [0, 1). */
export function IsShare(example = '0.1'): PropertyDecorator {
  return ValueRule(isShare, `a share from 0 up to but not including 1, such as ${example}`);
}

/** The beta of XFetch. */
export function IsBeta(): PropertyDecorator {
  return ValueRule(isBeta, BETA_ADVICE);
}

/** `true` or `false`. */
export function IsSwitch(): PropertyDecorator {
  return ValueRule((given) => typeof given === 'boolean', 'true or false');
}

/** One of a few words. */
export function IsOneOf(words: readonly string[]): PropertyDecorator {
  return ValueRule((given) => typeof given === 'string' && words.includes(given), listed(words));
}

/** A list of a few words. */
export function IsListOf(words: readonly string[]): PropertyDecorator {
  return ValueRule(
    (given) => Array.isArray(given) && given.every((word) => words.includes(word as string)),
    `a list of ${listed(words)}`,
  );
}

/** A text with at least one character. */
export function IsText(example: string): PropertyDecorator {
  return ValueRule((given) => typeof given === 'string' && given !== '', `a text, such as '${example}'`);
}

/** A group of options, each of which has rules of its own; or `false`, where that has a meaning. */
export function IsGroup(alternative?: 'or false'): PropertyDecorator {
  return ValueRule(
    (given) => isPlainObject(given) || (given === false && alternative === 'or false'),
    alternative === 'or false' ? 'an object of options, or false' : 'an object of options',
  );
}

/** Whether `given` is an object such as `{}` writes, and no list, instance or `null`. */
export function isPlainObject(given: unknown): given is Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null) return false;
  const prototype: unknown = Object.getPrototypeOf(given);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether `given` is in [0, 1). */
export function isShare(given: unknown): boolean {
  return typeof given === 'number' && given >= 0 && given < 1;
}

/** Whether `given` may be the beta of XFetch. */
export function isBeta(given: unknown): boolean {
  return typeof given === 'number' && given >= 0 && given < Infinity;
}

/** What to write for the beta of XFetch. */
export const BETA_ADVICE = 'a number of 0 or more: 0 for none, 1 as is recommended';

/** What to write instead of `given`; `undefined` when it is a duration. */
export function durationAdvice(given: unknown): string | undefined {
  try {
    durationToMs(given as Duration);
    return undefined;
  } catch {
    if (typeof given === 'number' && given >= 0 && Number.isFinite(given)) {
      return `${given} is a bare number; write '${given}s' or '${given}ms'`;
    }
    return `given ${describeGiven(given)}; write a number with a unit, such as '500ms', '30s', '5m', '1h' or '30d', or 'forever'`;
  }
}

/** What to write instead of `given`; `undefined` when it is a duration from `min` to `max`. */
export function durationWithinAdvice(given: unknown, min: Duration, max: Duration): string | undefined {
  const advice = durationAdvice(given);
  if (advice !== undefined) return advice;
  const ms = durationToMs(given as Duration);
  if (ms >= durationToMs(min) && ms <= durationToMs(max)) return undefined;
  return `given ${describeGiven(given)}; write a duration from '${min}' to '${max}'`;
}

function listed(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' or ');
}
