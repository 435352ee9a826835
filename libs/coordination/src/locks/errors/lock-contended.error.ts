import { StrataError } from '@nest-strata/core';

/** Somebody else holds the lock, or is before us, and the call was not to wait. */
export class LockContendedError extends StrataError {
  readonly code = 'LOCK_CONTENDED';

  constructor(readonly key: string) {
    super(
      `The lock ${JSON.stringify(key)} is taken. Call tryAcquire() if that is to be expected, or say how long to wait, ` +
        `such as { wait: '5s' }.`,
    );
  }
}
