import { StrataError } from '@nest-strata/core';

/** A batch loader returned something else than a Map. */
export class InvalidBatchError extends StrataError {
  readonly code = 'INVALID_BATCH';

  constructor(
    readonly cache: string,
    given: unknown,
  ) {
    const what = given === null ? 'null' : Array.isArray(given) ? 'an array' : `a value of type ${typeof given}`;
    super(
      `A batch loader of cache "${cache}" returned ${what}. Return a Map from key to value, such as ` +
        'new Map(rows.map((row) => [`hero:${row.id}`, row])); a key that it lacks is cached as undefined.',
    );
  }
}
