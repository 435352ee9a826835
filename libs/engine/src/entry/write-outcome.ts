/** What became of a `set`. */
export interface WriteOutcome {
  readonly stored: boolean;
  /**
   * Why it was not stored; absent when it was.
   *
   * - `ttl-zero`: its time to live is nothing
   * - `value-too-large`: it takes more than the cache's `maxValueBytes`
   * - `already-present`: there is a value, and `setIfAbsent` leaves it
   * - `absent`: there is no value, and `replace` makes none
   * - `older-version`: there is a value with a higher source version, or its deletion was
   * - `superseded`: its key or a tag was written or invalidated meanwhile
   * - `redis-unavailable`: Redis did not confirm it in time. It may have been stored all the same, so the key is evicted
   *   once Redis is back, and until then this process serves no copy of it
   * - `disabled`: the cache is switched off
   */
  readonly reason?:
    | 'ttl-zero'
    | 'value-too-large'
    | 'already-present'
    | 'absent'
    | 'older-version'
    | 'superseded'
    | 'redis-unavailable'
    | 'disabled';
}

/** What became of a `delete`, `deleteByTag`, `deleteByPattern`, `expire` or `clear`. */
export interface EvictOutcome {
  /**
   * `true`: no tier of any process serves what was evicted, within the stated bound. `false`: Redis did not confirm it in
   * time, and it is pending: this process serves no copy of it, and repeats it until Redis confirms.
   */
  readonly confirmed: boolean;
  /** Entries removed or expired; for `deleteByTag`, whose cost does not depend on the entries, the tags; 0 for `clear`. */
  readonly count: number;
}
