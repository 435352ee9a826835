import { StrataError } from '@nest-strata/core';

/** A limit store was asked for what it cannot judge; nothing was taken. */
export class InvalidClaimError extends StrataError {
  readonly code = 'INVALID_CLAIM';

  constructor(
    readonly policy: string,
    problem: string,
  ) {
    super(`The claim on the policy ${JSON.stringify(policy)} cannot be judged: ${problem}`);
  }
}
