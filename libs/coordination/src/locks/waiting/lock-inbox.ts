import type { RedisPort, Subscription } from '@nest-strata/redis';

/** A lock that was given to who waits for it. Times are those of the server's clock. */
export interface GrantMessage {
  readonly fence: string;
  readonly grantedAtMs: number;
  readonly leaseMs: number;
}

/** Who waits for a lock, or holds one, and hears what concerns it. */
export interface InboxReader {
  granted?(grant: GrantMessage): void;
  /** It is the next in line. */
  isNext?(): void;
  /** The lock was taken from it by force. */
  forced?(): void;
  /** Whether messages come has changed: time to ask for oneself. */
  mayHaveMissed?(): void;
}

/**
 * The channel on which this process hears what becomes of its locks: one for all, opened when the first one has to wait.
 *
 * Redis delivers at most once. So nobody relies on it alone: who waits asks from time to time.
 */
export class LockInbox {
  readonly #redis: RedisPort;
  readonly #channel: string;
  readonly #readers = new Map<string, InboxReader>();
  #subscription: Subscription | undefined;
  #isClosed = false;

  constructor(redis: RedisPort, channel: string) {
    this.#redis = redis;
    this.#channel = channel;
  }

  /** Whether what is sent now is heard, as far as is known. */
  get isHeard(): boolean {
    return this.#subscription?.isArmed ?? false;
  }

  open(): void {
    if (this.#subscription !== undefined || this.#isClosed) return;
    const tellAll = (): void => {
      for (const reader of [...this.#readers.values()]) reader.mayHaveMissed?.();
    };
    this.#subscription = this.#redis.subscribe({
      message: (_channel, payload) => this.#deliver(payload.toString('latin1')),
      armed: tellAll,
      lost: tellAll,
    });
    this.#subscription.follow({ channels: [this.#channel] });
  }

  /** From now on `reader` hears what concerns `owner`, in place of who did before; returns what ends it. */
  read(owner: string, reader: InboxReader): () => void {
    this.#readers.set(owner, reader);
    return () => {
      if (this.#readers.get(owner) === reader) this.#readers.delete(owner);
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#subscription?.close();
  }

  #deliver(message: string): void {
    const [kind, owner = '', fence, grantedAt, lease] = message.split(' ');
    const reader = this.#readers.get(owner);
    if (kind === 'n') reader?.isNext?.();
    else if (kind === 'f') reader?.forced?.();
    else if (kind === 'g' && fence !== undefined) {
      reader?.granted?.({ fence, grantedAtMs: Number(grantedAt), leaseMs: Number(lease) });
    }
  }
}
