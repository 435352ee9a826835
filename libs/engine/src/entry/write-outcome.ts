/** What became of a `set`. */
export interface WriteOutcome {
  readonly stored: boolean;
  /** Why it was not stored; `undefined` when it was. */
  readonly reason?: 'ttl-zero' | 'value-too-large' | 'already-present' | 'redis-unavailable';
}

/** What became of a `delete`, `deleteByTag`, `deleteByPattern`, `expire` or `clear`. */
export interface EvictOutcome {
  /**
   * `true`: no tier serves what was evicted. `false`: Redis could not be reached in time; this process's memory has
   * forgotten the entry, the copy in Redis may live on until its time is over.
   */
  readonly confirmed: boolean;
  /** Entries removed; for `deleteByTag` and `clear`, which remove nothing but make entries unservable, the tags concerned. */
  readonly count: number;
}
