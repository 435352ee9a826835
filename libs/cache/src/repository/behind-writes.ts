import type { BehindWriter, CacheEngine, WriteToPersist } from '@nest-strata/engine';
import { idsOfConventional, idsOfDeclared } from './behind-order.js';
import type { WrittenBefore } from './behind-order.js';
import type { CacheStrategy, WrittenIds } from './cache-strategy.js';
import type { CachedRepository } from './cached-repository.js';
import { isWithin, runWithin } from './calls-within.js';
import type { WriteKind } from './conventional-methods.js';
import { QueuedWriteError } from './errors/queued-write.error.js';
import type { EntityId } from './key-part.js';
import { SaveQueue } from './save-queue.js';

/** What is stored of an entity. */
type Stored = unknown;

/** Saves one entity by the repository's own method. */
export type SaveEntity<E> = (entity: E) => unknown;

/**
 * The writes of a repository whose strategy says `write: 'behind'`: `save` takes an entity into a queue, from which it
 * gets into the database a moment later. There is one for each strategy, however many modules provide the repository.
 *
 * Reads by id ask the queue before the database, so they see what was accepted. What the queue does not take is saved at
 * once, as everything else is written; but not before what was accepted of the same entities is in the database, so that
 * no older value comes into it later.
 */
export class BehindWrites<E extends object, Id extends EntityId> {
  readonly #writer: BehindWriter<Stored>;

  constructor(
    engine: CacheEngine,
    private readonly cached: CachedRepository<E, Id>,
    private readonly strategy: CacheStrategy<E, Id>,
    private readonly save: SaveEntity<E>,
  ) {
    this.#writer = engine.writeBehind<Stored>(cached.name, {
      ...strategy.writeBehind,
      persist: async (batch) => {
        const outcomes = await Promise.allSettled(batch.map((write) => this.#persist(write)));
        return outcomes.flatMap((outcome, at) =>
          outcome.status === 'rejected' ? [{ id: batch[at]?.id ?? '', error: outcome.reason as unknown }] : [],
        );
      },
    });
    cached.queue = new SaveQueue(this.#writer.queue, (stored) => cached.toEntity(stored));
    cached.reader.waiting = async (names) => {
      const writes = await this.#writer.queue.pendingMany(names);
      return writes.map((write) => write?.value);
    };
    cached.reader.settled = (ids) => this.#settled(ids);
  }

  /** Accepts what is a single entity with an id; anything else, and what the queue does not take, goes to `saveNow`. */
  async write(args: readonly unknown[], saveNow: () => unknown): Promise<unknown> {
    const [entity, ...others] = args;
    const isEntity = typeof entity === 'object' && entity !== null && !Array.isArray(entity) && others.length === 0;
    const kept = isEntity && !isWithin(this) ? this.cached.keep(entity as E) : undefined;
    if (kept === undefined) return saveNow();
    await this.cached.changed({ rows: [entity as E] });
    const { ttl } = this.strategy;
    const outcome = await this.#writer.write(kept.name, kept.stored, { ttl, tags: kept.tags });
    return outcome.accepted ? entity : saveNow();
  }

  /** Runs a write with one of the usual names past the queue. @throws QueuedWriteError */
  byConvention(write: { method: string; kind: WriteKind }, args: readonly unknown[], writeNow: () => unknown): unknown {
    return this.#afterQueued(
      idsOfConventional(write, args, (entity: E) => this.strategy.id(entity)),
      writeNow,
    );
  }

  /** Runs a write whose strategy tells the ids past the queue. @throws QueuedWriteError */
  byDeclaration(written: Exclude<WrittenIds<Id>, false>, args: readonly unknown[], writeNow: () => unknown): unknown {
    return this.#afterQueued(idsOfDeclared(written, args), writeNow);
  }

  #afterQueued(ids: WrittenBefore<Id>, writeNow: () => unknown): unknown {
    // What the queue saves would wait for itself.
    if (ids.length === 0 || isWithin(this)) return writeNow();
    return this.#settled(ids).then(writeNow);
  }

  async #settled(ids: WrittenBefore<Id>): Promise<void> {
    const { reader } = this.cached;
    const names = ids === 'everything' ? 'all' : ids.map((id) => reader.nameOf(id));
    try {
      await this.#writer.queue.settled(names);
    } catch (error) {
      throw new QueuedWriteError(names === 'all' ? this.cached.name : names.join(', '), { cause: error });
    }
  }

  async #persist({ value }: WriteToPersist<Stored>): Promise<void> {
    const entity = this.cached.toEntity(value);
    await runWithin(this, async () => this.save(entity));
    await this.cached.changed({ rows: [entity] });
  }
}
