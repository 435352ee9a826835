import { StrataError } from '@nest-strata/core';

/** A loader called `notModified()` although there is no copy that could stay. */
export class NothingToRenewError extends StrataError {
  readonly code = 'NOTHING_TO_RENEW';

  constructor(readonly key: string) {
    super(
      `The loader of key ${JSON.stringify(key)} said notModified(), but there is no stale copy. Call it only where ` +
        'context.stale is defined, and load the value otherwise.',
    );
  }
}
