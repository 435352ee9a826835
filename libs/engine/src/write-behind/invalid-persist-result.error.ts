import { StrataError } from '@nest-strata/core';

/** `persist` returned a list in which something is no failed write of its batch, so nobody knows which ones failed. */
export class InvalidPersistResultError extends StrataError {
  readonly code = 'INVALID_PERSIST_RESULT';

  constructor() {
    super(
      'persist() returned something else than failed writes of its batch. Return nothing when all were taken, and ' +
        '{ id, error } with the id of each write that was not.',
    );
  }
}
