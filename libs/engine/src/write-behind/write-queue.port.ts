/** A write as a queue keeps it: the newest of its key when it was read. */
export interface StoredWrite {
  /** Empty for an entry that is no write. */
  readonly key: string;
  /** The write's identity, which it keeps when it is redriven. */
  readonly id: string;
  /** Where it stands in the queue. */
  readonly entryId: string;
  /** The entries that are done when this one is: it and those that it replaced. */
  readonly entryIds: readonly string[];
  readonly idempotencyKey: string;
  readonly bytes: Buffer;
  /** How many attempts have failed. */
  readonly failedAttempts: number;
}

/** What became of a write that was offered. */
export interface AcceptReply {
  /** `known`: it is in the queue already, under `id`; `full`: it is not, and `id` is empty. */
  readonly result: 'added' | 'replaced' | 'known' | 'full';
  readonly id: string;
  /** How many keys wait now. */
  readonly pendingCount: number;
  /** Whether somebody is there to persist it. */
  readonly isDrained: boolean;
}

/** What came of an attempt to persist a write. */
export type Settlement =
  | { readonly result: 'persisted'; readonly write: StoredWrite }
  | { readonly result: 'failed'; readonly write: StoredWrite; readonly failedAttempts: number }
  | { readonly result: 'dead'; readonly write: StoredWrite; readonly failedAttempts: number; readonly error: string };

/** A write that was given up. */
export interface StoredLetter {
  readonly letterId: string;
  readonly id: string;
  readonly key: string;
  readonly idempotencyKey: string;
  readonly bytes: Buffer;
  readonly failedAttempts: number;
  readonly error: string;
}

/** Where writes stand in a queue, by the ids of their entries. */
export interface QueueSpan {
  /** Of a key that is written while it waits, the entry whose place it has. */
  readonly oldest: string;
  readonly newest: string;
}

/** What became of dead letters that were to be tried again. */
export interface RedriveOutcome {
  /** How many are in the queue again. */
  readonly redriven: number;
  /** How many were dropped, because a newer value of their key waits. */
  readonly superseded: number;
  /** How many stay dead letters, because the queue is full or they cannot be read; ids that are none count, too. */
  readonly refused: number;
}

/**
 * Where accepted writes wait: per key only the newest counts, in the place of the oldest.
 *
 * At most one process drains a queue: {@link own} says whether it is this one. Everything may reject with the errors of
 * the Redis port.
 */
export abstract class WriteQueue {
  /** Whether what waits survives the end of this process. */
  abstract readonly isDurable: boolean;
  /** How many keys wait, as far as this process has heard. */
  abstract readonly pendingCount: number;
  /** Whether this process may persist and settle, at this moment. */
  abstract readonly isOwned: boolean;
  /** Aborted as soon as the queue is no longer owned. */
  abstract readonly ownership: AbortSignal;

  /** Puts a write into the queue unless it is there already or too many keys wait. */
  abstract accept(key: string, idempotencyKey: string, bytes: Buffer): Promise<AcceptReply>;

  /** The newest writes of `keys`, in order. */
  abstract newest(keys: readonly string[]): Promise<(StoredWrite | undefined)[]>;

  /** Where the writes of each of `keys` stand, in order; or those of `all` keys, as one. `undefined`: there are none. */
  abstract spans(keys: readonly string[] | 'all'): Promise<(QueueSpan | undefined)[]>;

  /** Tries to own the queue; returns 0, or the milliseconds after which to ask again. */
  abstract own(): Promise<number>;

  /** The writes of at most `count` entries that were not taken since {@link rewind}. */
  abstract take(count: number): Promise<StoredWrite[]>;

  /** Makes {@link take} begin at the oldest write again. */
  abstract rewind(): void;

  /**
   * Records what became of writes; doing it twice changes nothing. When another process owns the queue it does nothing,
   * gives the ownership up and returns `false`.
   */
  abstract settle(settlements: readonly Settlement[]): Promise<boolean>;

  /** Lets another process own the queue, at once. */
  abstract release(): Promise<void>;

  /** Stops prolonging the ownership; it ends by itself. */
  abstract abandon(): void;

  /** The oldest dead letters. */
  abstract deadLetters(limit: number): Promise<StoredLetter[]>;

  abstract redrive(letterIds: readonly string[] | 'all'): Promise<RedriveOutcome>;

  /** Returns how many there were. */
  abstract discard(letterIds: readonly string[]): Promise<number>;
}
