import { StrataError } from '@nest-strata/core';

/** A fencing token is lower than one that the resource has seen: who has it held the lock before somebody else did. */
export class StaleFenceError extends StrataError {
  readonly code = 'STALE_FENCE';

  constructor(
    readonly resource: string,
    readonly fence: string,
  ) {
    super(
      `The fencing token ${fence} is too old for ${JSON.stringify(resource)}: another holder of the lock has written since. ` +
        `Nothing was written. Take the lock again and read what is there.`,
    );
  }
}
