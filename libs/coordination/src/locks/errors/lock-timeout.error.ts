import { StrataError } from '@nest-strata/core';

/** The lock did not become free within the time that the call was to wait. */
export class LockTimeoutError extends StrataError {
  readonly code = 'LOCK_TIMEOUT';

  constructor(
    readonly key: string,
    readonly waitedMs: number,
  ) {
    super(
      `The lock ${JSON.stringify(key)} was not free within ${Math.round(waitedMs)} ms. See inspect() for who holds it ` +
        `and who waits; wait longer, or hold it for less.`,
    );
  }
}
