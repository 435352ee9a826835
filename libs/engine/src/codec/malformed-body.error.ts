import { StrataError } from '@nest-strata/core';

/** Bytes are not what the codec writes, or hold an instance of a class that is not registered here; they are a miss. */
export class MalformedBodyError extends StrataError {
  readonly code = 'MALFORMED_BODY';

  constructor(problem: string) {
    super(`The stored value cannot be read: ${problem}.`);
  }
}
