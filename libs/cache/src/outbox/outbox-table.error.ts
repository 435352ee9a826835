import { StrataError } from '@nest-strata/core';

/** The table of the outbox is not there and could not be created, or is not as it has to be. */
export class OutboxTableError extends StrataError {
  readonly code = 'OUTBOX_TABLE';

  constructor(
    readonly table: string,
    createTableSql: string,
    cause: unknown,
  ) {
    super(
      `The table ${table} of the cache's outbox cannot be used: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        `Check that the user of the application may read and write it; where it may not create tables, have it created:\n` +
        createTableSql,
      { cause },
    );
  }
}
