import { StrataError } from '@nest-strata/core';

/** Writes that were accepted were not in the database in time. They still wait, and will get there, or be given up. */
export class UnsettledWritesError extends StrataError {
  readonly code = 'UNSETTLED_WRITES';

  constructor(readonly waitedMs: number) {
    super(
      `The database did not take what waits in the write-behind queue within ${waitedMs} ms. Check whether persist fails ` +
        "or hangs (the events 'failed' and 'dead' tell), and whether a process is there that drains the queue.",
    );
  }
}
