/** A tag and the version that it had when the entry's load began; 16 hex digits. */
export interface TagVersion {
  readonly tag: string;
  readonly version: string;
}

/**
 * What the tiers keep under a key: a value and what is needed to decide whether it may still be served.
 *
 * Times are milliseconds of the process's monotonic clock; the Redis tier translates them to the server's at its
 * border.
 */
export interface CacheEntry {
  readonly value: unknown;
  readonly createdAtMs: number;
  /** The entry is fresh before this moment; `Infinity`: for ever. */
  readonly freshUntilMs: number;
  /**
   * The copy is gone at this moment: when the entry is no longer fresh, later for one that was expired by hand, and
   * earlier for a copy in memory that Redis may know better.
   */
  readonly goneAtMs: number;
  /** 64 random bits as 16 hex digits, new with every write: tells one write of a key from another. */
  readonly writeId: string;
  /** The version of the whole cache's `clear` record, 16 hex digits. */
  readonly clearVersion: string;
  readonly tags: readonly TagVersion[];
}
