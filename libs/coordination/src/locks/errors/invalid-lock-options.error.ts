import { StrataError } from '@nest-strata/core';

/** A key, an owner or an option for a lock is none. */
export class InvalidLockOptionsError extends StrataError {
  readonly code = 'INVALID_LOCK_OPTIONS';

  constructor(
    /** Which one. */
    readonly path: string,
    problem: string,
  ) {
    super(`The ${path} of a lock ${problem}.`);
  }
}
