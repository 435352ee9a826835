import type { Duration } from '@nest-strata/core';

/** How evicts are kept in the database until Redis has confirmed them. */
export interface OutboxOptions {
  /**
   * The table, with its schema where that is not in the search path: `'cache.evictions'`. It is created when the
   * application boots, unless it is there.
   *
   * @default 'strata_outbox'
   */
  readonly table?: string;
  /** How often each process looks for evicts that were left behind: from `'100ms'` to `'1h'`. @default '1s' */
  readonly interval?: Duration;
}

/** {@link OutboxOptions}, checked and complete. */
export interface ResolvedOutboxOptions {
  readonly table: string;
  readonly intervalMs: number;
}
