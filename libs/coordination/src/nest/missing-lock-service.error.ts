import { StrataError } from '@nest-strata/core';

/** A `@Locked` method was called on an instance without locks. It was not run: without its lock it could do harm. */
export class MissingLockServiceError extends StrataError {
  readonly code = 'MISSING_LOCK_SERVICE';

  constructor(readonly method: string) {
    super(
      `${method} is locked, but Nest has not injected this instance: it was made with \`new\` or by a useFactory, or is ` +
        `still in its constructor. Let Nest make it, or call attachLocks(instance, lockService).`,
    );
  }
}
