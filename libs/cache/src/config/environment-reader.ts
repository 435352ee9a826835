import { isDuration } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import { describeGiven } from '../options/describe-given.js';
import { InvalidCacheEnvironmentError } from './invalid-cache-environment.error.js';
import type { EnvironmentProblem } from './invalid-cache-environment.error.js';

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads variables one by one and collects what is wrong with them, to be thrown all at once by {@link finish}.
 * A variable that is empty counts as one that is not set.
 */
export class EnvironmentReader {
  readonly #problems: EnvironmentProblem[] = [];
  readonly #bareSeconds: Record<string, Duration> = {};

  constructor(private readonly environment: Environment) {}

  /** The durations that were given as bare numbers, as they were understood. */
  get bareSeconds(): Readonly<Record<string, Duration>> {
    return this.#bareSeconds;
  }

  text(variable: string): string | undefined {
    const given = this.environment[variable]?.trim();
    return given === '' ? undefined : given;
  }

  switch(variable: string): boolean | undefined {
    const given = this.text(variable)?.toLowerCase();
    if (given === undefined) return undefined;
    if (given === 'true' || given === '1') return true;
    if (given === 'false' || given === '0') return false;
    this.#refuse(variable, 'true or false');
    return undefined;
  }

  number(variable: string): number | undefined {
    const given = this.text(variable);
    if (given === undefined) return undefined;
    if (/^-?\d+(\.\d+)?$/.test(given)) return Number(given);
    this.#refuse(variable, 'a number, such as 10000');
    return undefined;
  }

  /** Here, and nowhere else, a bare whole number is a duration: seconds. */
  duration(variable: string): Duration | undefined {
    const given = this.text(variable);
    if (given === undefined) return undefined;
    const duration = /^\d+$/.test(given) ? `${given}s` : given;
    if (isDuration(duration)) {
      if (duration !== given) this.#bareSeconds[variable] = duration;
      return duration;
    }
    this.#refuse(variable, "seconds, such as 3600, or a duration, such as '1h'");
    return undefined;
  }

  /** Notes that a variable is wrong in a way that only the caller can see. */
  report(variable: string, message: string): void {
    this.#problems.push({ variable, message });
  }

  /** @throws InvalidCacheEnvironmentError when anything was wrong */
  finish(): void {
    if (this.#problems.length > 0) throw new InvalidCacheEnvironmentError(this.#problems);
  }

  #refuse(variable: string, write: string): void {
    this.report(variable, `given ${describeGiven(this.text(variable))}; write ${write}`);
  }
}
