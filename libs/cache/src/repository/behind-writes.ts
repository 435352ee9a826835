import type { BehindWriter, CacheEngine, WriteToPersist } from '@nest-strata/engine';
import type { CacheStrategy } from './cache-strategy.js';
import type { CachedRepository } from './cached-repository.js';
import type { EntityId } from './key-part.js';

/** What is stored of an entity. */
type Stored = unknown;

/** Saves one entity by the repository's own method. */
export type SaveEntity<E> = (entity: E) => unknown;

/**
 * The `save` of a repository whose strategy says `write: 'behind'`: takes an entity into a queue, from which it gets into
 * the database a moment later.
 *
 * Reads by id ask the queue before the database, so they see what was accepted. What the queue does not take is saved at
 * once.
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
    cached.reader.waiting = async (names) => {
      const writes = await this.#writer.queue.pendingMany(names);
      return writes.map((write) => write?.value);
    };
  }

  /** Accepts what is a single entity with an id; anything else, and what the queue does not take, goes to `saveNow`. */
  async write(args: readonly unknown[], saveNow: () => unknown): Promise<unknown> {
    const [entity, ...others] = args;
    const isEntity = typeof entity === 'object' && entity !== null && !Array.isArray(entity) && others.length === 0;
    const kept = isEntity ? this.cached.keep(entity as E) : undefined;
    if (kept === undefined) return saveNow();
    await this.cached.changed({ rows: [entity as E] });
    const { ttl } = this.strategy;
    const outcome = await this.#writer.write(kept.name, kept.stored, { ttl, tags: kept.tags });
    return outcome.accepted ? entity : saveNow();
  }

  async #persist({ value }: WriteToPersist<Stored>): Promise<void> {
    const entity = this.cached.toEntity(value);
    await this.save(entity);
    await this.cached.changed({ rows: [entity] });
  }
}
