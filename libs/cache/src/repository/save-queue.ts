import type { RedriveOutcome, WriteBehind, WriteBehindStats } from '@nest-strata/engine';

/** A save that was given up after `maxAttempts`, or that cannot be read. */
export interface DeadSave<E extends object> {
  /** Names it for {@link SaveQueue.redrive} and {@link SaveQueue.discard}. */
  readonly letterId: string;
  /** The entity as it was saved; `undefined` when it cannot be read. */
  readonly entity: E | undefined;
  /** What the entity is called in the cache and in the queue: `hero:1`. */
  readonly key: string;
  readonly attempts: number;
  /** Name and message of the last error. */
  readonly error: string;
}

/** The queue of a repository whose strategy says `write: 'behind'`: what became of its saves, and what was given up. */
export class SaveQueue<E extends object> {
  /** @internal */
  constructor(
    private readonly queue: WriteBehind<unknown>,
    private readonly toEntity: (stored: unknown) => E,
  ) {}

  /** The oldest saves that were given up. @throws RedisUnavailableError, RedisReplyError */
  async deadLetters(limit = 100): Promise<DeadSave<E>[]> {
    const letters = await this.queue.deadLetters(limit);
    return letters.map(({ letterId, key, value, attempts, error }) => {
      return { letterId, key, attempts, error, entity: this.#read(value) };
    });
  }

  /**
   * Queues saves again that were given up, with all their attempts before them; not where the entity was saved anew and
   * waits. They replace what the database has by then, unless the save itself compares versions.
   *
   * @throws RedisUnavailableError, RedisReplyError; some may be in the queue again all the same
   */
  redrive(letterIds: readonly string[] | 'all'): Promise<RedriveOutcome> {
    return this.queue.redrive(letterIds);
  }

  /** Deletes saves that were given up, for good; returns how many. @throws RedisUnavailableError, RedisReplyError */
  discard(letterIds: readonly string[]): Promise<number> {
    return this.queue.discard(letterIds);
  }

  /** What it has done in this process, and how many entities wait in all. */
  stats(): WriteBehindStats {
    return this.queue.stats();
  }

  #read(stored: unknown): E | undefined {
    if (stored === undefined) return undefined;
    try {
      return this.toEntity(stored);
    } catch {
      return undefined; // It may be of a release whose entities were others; it can still be redriven or discarded.
    }
  }
}
