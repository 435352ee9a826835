import { StrataError } from '@nest-strata/core';
import type { EnvelopeDamage } from '../envelope/envelope-damage.js';

/** An entry of a write-behind stream is no write that this process can read; it became a dead letter. */
export class DamagedWriteError extends StrataError {
  readonly code = 'DAMAGED_WRITE';

  constructor(
    readonly id: string,
    readonly damage: EnvelopeDamage,
  ) {
    super(
      `Entry ${id} of the write-behind stream cannot be read (${damage}). Check whether another program writes to the ` +
        'stream, and whether this process has the codec and the registered classes of the one that accepted the write.',
    );
  }
}
