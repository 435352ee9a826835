import { StrataError } from '@nest-strata/core';

/** An option of channels, or of a handler, cannot be used. */
export class InvalidChannelOptionsError extends StrataError {
  readonly code = 'INVALID_CHANNEL_OPTIONS';

  constructor(
    /** Which one. */
    readonly path: string,
    problem: string,
  ) {
    super(`The option ${path} of channels ${problem}.`);
  }
}
