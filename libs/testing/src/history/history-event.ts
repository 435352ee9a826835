/** What a process did to a key. */
export type HistoryOperation =
  /** It asked the cache. */
  | 'read'
  /** Its loader asked the database. */
  | 'load'
  /** The database has a new version. */
  | 'commit'
  /** It put a version into the cache. */
  | 'write'
  /** It invalidated the key, by whatever way: a tag or `clear` gives one event for each key that it concerns. */
  | 'evict';

/**
 * One operation, stamped by the monotonic clock that all processes of a machine share (`process.hrtime.bigint()`).
 *
 * Versions are integers that the database counts up for each key, so that a history is checked by comparing numbers.
 */
export interface HistoryEvent {
  /** Which process did it. */
  readonly process: string;
  readonly op: HistoryOperation;
  readonly key: string;
  /** Just before it was called. */
  readonly startNs: bigint;
  /** Just after it was done. */
  readonly endNs: bigint;
  /** What a read returned (nothing for a miss), a load or commit gave, a write put, the database had before an evict. */
  readonly version?: number | undefined;
  /** Whose request it belongs to, for guarantees that hold within one; the process's own if left out. */
  readonly session?: string | undefined;
  /** The tier that answered a read. */
  readonly tier?: string | undefined;
  /** Whether a read was told that the value is stale. */
  readonly stale?: boolean | undefined;
  /** What became of a write or evict: `confirmed`, `pending` if Redis does not know of it yet, or why it was not done. */
  readonly outcome?: string | undefined;
}
