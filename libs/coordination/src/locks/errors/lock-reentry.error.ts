import { StrataError } from '@nest-strata/core';

/** Code that runs under a lock asked for the same lock, and would wait for itself. */
export class LockReentryError extends StrataError {
  readonly code = 'LOCK_REENTRY';

  constructor(readonly key: string) {
    super(
      `The lock ${JSON.stringify(key)} is held by the code that asks for it, which would wait for itself. Pass ` +
        `{ reenter: lock.owner } with the lock that is held, or hand the lock to what you call.`,
    );
  }
}
