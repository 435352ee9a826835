import { StrataError } from '@nest-strata/core';

/** An option of a call is unknown or has a value that it cannot have. */
export class InvalidOptionError extends StrataError {
  readonly code = 'INVALID_OPTION';

  constructor(
    readonly option: string,
    message: string,
  ) {
    super(`Option ${option}: ${message}`);
  }
}
