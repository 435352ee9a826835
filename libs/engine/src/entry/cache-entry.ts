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
  /** The entry is fresh before this moment; `Infinity`: for ever; `-Infinity`: it was expired by hand. */
  readonly freshUntilMs: number;
  /** The copy is gone at this moment: when it is no longer fresh, or later by its grace. */
  readonly goneAtMs: number;
  /** 64 random bits as 16 hex digits, new with every write: tells one write of a key from another. */
  readonly writeId: string;
  /** The version of the whole cache's `clear` record, 16 hex digits. */
  readonly clearVersion: string;
  readonly tags: readonly TagVersion[];
  /** The version that the value has at its source, 16 hex digits; zeros: none. */
  readonly sourceVersion: string;
  /** What the loader said identifies this state of the source; `undefined`: nothing. */
  readonly etag: string | undefined;
  /** How long its load took; 0: it was not loaded, or nobody wanted to know. */
  readonly loadMs: number;
}
