/** What became of a `set`. */
export interface WriteOutcome {
  readonly stored: boolean;
  /**
   * Why it was not stored; absent when it was.
   *
   * - `ttl-zero`: its time to live is nothing
   * - `value-too-large`: it takes more than the cache's `maxValueBytes`
   * - `already-present`: there is a value, and `setIfAbsent` leaves it
   * - `superseded`: its key or a tag was written or invalidated meanwhile
   * - `redis-unavailable`: Redis did not confirm it in time; it may have been stored all the same
   * - `disabled`: the cache is switched off
   */
  readonly reason?:
    'ttl-zero' | 'value-too-large' | 'already-present' | 'superseded' | 'redis-unavailable' | 'disabled';
}

/** What became of a `delete`, `deleteByTag`, `deleteByPattern`, `expire` or `clear`. */
export interface EvictOutcome {
  /**
   * `true`: no tier serves what was evicted. `false`: Redis could not be reached in time; this process's memory has
   * forgotten the entry, the copy in Redis may live on until its time is over.
   */
  readonly confirmed: boolean;
  /** Entries removed or expired; for `deleteByTag`, whose cost does not depend on the entries, the tags; 0 for `clear`. */
  readonly count: number;
}
