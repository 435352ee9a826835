import { StrataError } from '@nest-strata/core';
import type { EnvelopeDamage } from '../envelope/envelope-damage.js';

/** What Redis has under a value key is no entry that may be served. It counted as a miss. */
export class DamagedEntryError extends StrataError {
  readonly code = 'DAMAGED_ENTRY';

  constructor(
    readonly key: string,
    readonly damage: EnvelopeDamage,
  ) {
    super(
      `What Redis has under key ${JSON.stringify(key)} is no entry of this cache (${damage}); it counts as a miss. ` +
        'Check whether another program or release writes to this namespace.',
    );
  }
}
