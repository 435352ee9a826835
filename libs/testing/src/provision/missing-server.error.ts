import { StrataError } from '@nest-strata/core';

/** A server program is not on this machine, and may not or could not be installed. The message lists the ways to get it. */
export class MissingServerError extends StrataError {
  readonly code = 'SERVER_MISSING';
}
