import { StrataError } from '@nest-strata/core';

/** A write-behind queue in memory was closed while writes waited in it. */
export class LostWritesError extends StrataError {
  readonly code = 'LOST_WRITES';

  constructor(
    readonly queue: string,
    readonly count: number,
  ) {
    super(
      `Write-behind queue "${queue}" was closed with ${count} keys whose values the database did not take; they are lost. ` +
        'Check why persist fails or is slow, give the shutdown more time, or keep the queue in Redis.',
    );
  }
}
