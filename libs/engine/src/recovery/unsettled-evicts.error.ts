import { StrataError } from '@nest-strata/core';

/** A cache was closed while Redis had not confirmed all its evicts. */
export class UnsettledEvictsError extends StrataError {
  readonly code = 'UNSETTLED_EVICTS';

  constructor(
    readonly cache: string,
    readonly count: number,
  ) {
    super(
      `Cache "${cache}" was closed with ${String(count)} evicts that Redis did not confirm: what they were to remove may be ` +
        'served until it expires. Give the shutdown more time, or keep evicts in the database by the outbox.',
    );
  }
}
