/** What a write-behind queue has done since this process made it, and how much waits. */
export interface WriteBehindStats {
  /** How many keys wait to be persisted, in all processes, as of Redis' last answer. */
  readonly pending: number;
  /** Values that this process got accepted; repeated calls count once. */
  readonly accepted: number;
  /** Values that were not accepted, or not for certain. */
  readonly refused: number;
  /** Accepted values that took the place of one that waited, which may have been on its way to the database already. */
  readonly coalesced: number;
  /** Writes that this process persisted. */
  readonly persisted: number;
  /** Attempts of this process that failed. */
  readonly failed: number;
  /** Writes that this process made dead letters. */
  readonly dead: number;
}

/** {@link WriteBehindStats} while it is counted. */
export type WriteBehindCounts = Record<Exclude<keyof WriteBehindStats, 'pending'>, number>;

/** All zero. */
export function newCounts(): WriteBehindCounts {
  return { accepted: 0, refused: 0, coalesced: 0, persisted: 0, failed: 0, dead: 0 };
}
