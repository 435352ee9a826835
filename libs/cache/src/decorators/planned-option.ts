import { isDuration } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import type { SourceVersion } from '@nest-strata/engine';
import { FromResult } from './from-result.js';
import { InvalidOptionResultError } from './invalid-option-result.error.js';
import type { MethodCall } from './method-call.js';

/** What a method returned; absent as long as it has not. */
export interface Outcome {
  readonly result: unknown;
}

/** What an option may turn out to be, and how to say so. */
export interface OptionKind<T> {
  readonly accepts: (value: unknown) => value is T;
  readonly advice: string;
}

/** An option of a decorator: a constant, or a function that is evaluated at each call. */
export class PlannedOption<T> {
  readonly #place: string;
  readonly #name: string;
  readonly #given: unknown;
  readonly #kind: OptionKind<T>;

  constructor(place: string, name: string, given: unknown, kind: OptionKind<T>) {
    this.#place = place;
    this.#name = name;
    this.#given = given;
    this.#kind = kind;
  }

  /** What must be known to evaluate it. */
  get dependsOn(): 'nothing' | 'arguments' | 'result' {
    if (this.#given instanceof FromResult) return 'result';
    return typeof this.#given === 'function' ? 'arguments' : 'nothing';
  }

  /**
   * @param outcome what the method returned; needed when the option {@link dependsOn} it
   * @throws what the option's function throws; InvalidOptionResultError when it returns what the option cannot be
   */
  evaluate({ instance, args }: MethodCall, outcome?: Outcome): T {
    const given = this.#given;
    if (given instanceof FromResult) return this.#checked(apply(given.evaluate, instance, [outcome?.result, ...args]));
    // A constant was checked where the class was defined.
    return typeof given === 'function' ? this.#checked(apply(given, instance, args)) : (given as T);
  }

  #checked(value: unknown): T {
    if (this.#kind.accepts(value)) return value;
    throw new InvalidOptionResultError(this.#place, this.#name, value, this.#kind.advice);
  }
}

function apply(option: unknown, instance: object, args: unknown[]): unknown {
  return (option as (this: object, ...args: unknown[]) => unknown).apply(instance, args);
}

/** A key. */
export const KEY: OptionKind<string> = { accepts: isText, advice: 'a text that is not empty, such as `hero:${id}`' };

/** A key or a list of keys. */
export const KEYS: OptionKind<string | readonly string[]> = {
  accepts: (value): value is string | readonly string[] => isText(value) || isListOfTexts(value),
  advice: 'a text that is not empty, such as `hero:${id}`, or a list of such texts',
};

/** Tags. */
export const TAGS: OptionKind<readonly string[]> = {
  accepts: isListOfTexts,
  advice: "a list of tags, such as ['heroes']",
};

/** A duration. */
export const DURATION: OptionKind<Duration> = {
  accepts: isDuration,
  advice: "a number with its unit, such as '500ms', '30s', '5m', '1h' or '30d', or 'forever'",
};

/** The version of a result at its source, or none. */
export const VERSION: OptionKind<SourceVersion | undefined> = {
  accepts: (value): value is SourceVersion | undefined => value === undefined || isVersion(value),
  advice: 'a whole number of 0 or more, a bigint or a Date; or undefined for a result without a version',
};

/** A yes or no. */
export const FLAG: OptionKind<boolean> = {
  accepts: (value): value is boolean => typeof value === 'boolean',
  advice: 'true or false',
};

function isVersion(value: unknown): boolean {
  if (value instanceof Date) return value.getTime() >= 0;
  return typeof value === 'bigint' ? value >= 0n : Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}
