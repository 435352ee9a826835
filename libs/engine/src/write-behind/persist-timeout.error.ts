import { StrataError } from '@nest-strata/core';

/** A batch took longer than `persistTimeout`. It may reach the database yet; it is repeated all the same. */
export class PersistTimeoutError extends StrataError {
  readonly code = 'PERSIST_TIMEOUT';

  constructor(readonly persistTimeoutMs: number) {
    super(
      `The database did not take a batch of writes within ${persistTimeoutMs} ms. ` +
        'Check the database, pass the signal on to it, make batchSize smaller or raise persistTimeout.',
    );
  }
}
