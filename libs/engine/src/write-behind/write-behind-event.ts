interface QueueEvent {
  /** The cache's namespace, its parts joined by dots. */
  readonly cache: string;
  /** The queue's name. */
  readonly queue: string;
}

interface WriteEvent extends QueueEvent {
  readonly key: string;
  readonly id: string;
}

/** What a write-behind queue tells of itself while it works. */
export type WriteBehindEvent =
  | (WriteEvent & { readonly type: 'accepted' })
  | (QueueEvent & { readonly type: 'persisted'; readonly batchSize: number; readonly durationMs: number })
  | (WriteEvent & {
      /** An attempt failed; the next one follows after `retryInMs`. */
      readonly type: 'failed';
      readonly attempt: number;
      readonly error: unknown;
      readonly retryInMs: number;
    })
  | (WriteEvent & {
      /** A write became a dead letter: readers now get what the database has. */
      readonly type: 'dead';
      readonly attempts: number;
      readonly error: unknown;
    })
  | (QueueEvent & {
      /** This process drains the queue from now on. */
      readonly type: 'takeover';
    })
  | (QueueEvent & {
      /** Redis did not do its part; told once until it does again. Accepting tells every fault. */
      readonly type: 'error';
      readonly operation: 'accept' | 'drain';
      readonly error: unknown;
    });

type WithoutQueue<Event> = Event extends QueueEvent ? Omit<Event, keyof QueueEvent> : never;

/** Tells an event of one queue. */
export type TellEvent = (event: WithoutQueue<WriteBehindEvent>) => void;
