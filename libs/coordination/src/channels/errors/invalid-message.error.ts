import { StrataError } from '@nest-strata/core';

/** A message is not what its channel carries. Tells which rules it breaks, not what it says. */
export class InvalidMessageError extends StrataError {
  readonly code = 'INVALID_MESSAGE';

  constructor(
    readonly channel: string,
    readonly problems: readonly string[],
  ) {
    super(`A message does not fit the channel '${channel}': ${problems.join('; ')}.`);
  }
}
