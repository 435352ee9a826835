import { StrataError } from '@nest-strata/core';

/** `increment` met a value that is no counter. */
export class NotACounterError extends StrataError {
  readonly code = 'NOT_A_COUNTER';

  constructor(readonly key: string) {
    super(
      `The value under key ${JSON.stringify(key)} is no counter. Counters are made by increment() alone: ` +
        'use another key, or delete this one first.',
    );
  }
}
