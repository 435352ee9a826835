import { StrataError } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import type { LoadContext } from '@nest-strata/engine';
import { NOTHING_STORED } from './absence.js';
import type { RepositoryCache } from './cache-by-name.js';
import type { EntityEntries, Kept, Presented } from './entity-entries.js';
import type { EntityNames } from './entity-names.js';
import { idText } from './key-part.js';
import type { EntityId } from './key-part.js';
import type { RepositoryWarnings } from './repository-warnings.js';

/** What the reads of a repository need. */
export interface EntityReaderParts<E extends object, Id extends EntityId> {
  readonly cache: Pick<RepositoryCache, 'getOrSet' | 'getOrSetMany'>;
  readonly ttl: Duration;
  readonly names: EntityNames;
  readonly entries: EntityEntries<E, Id>;
  readonly warnings: RepositoryWarnings;
}

/** How the results of a method are stored, and answers made of what is stored. */
interface Form<R> {
  readonly keep: (result: R, before: unknown) => Kept | undefined;
  readonly present: (stored: unknown) => Presented<R>;
}

/** Given to callers instead of a result that cannot be stored: each asks the repository itself. */
class Uncacheable {
  readonly isUncacheable = true;
}

/** A list of more entities than this carries the tag of all instead of one for each. */
const MAX_TAGGED_ENTITIES = 100;

/** Take what is cached; when there is no answer in it, load it anew. */
const ATTEMPTS = [{ forceRefresh: false }, { forceRefresh: true }] as const;

const QUEUE_UNKNOWN = 'What waits to be written could not be told, and the database was asked.';
const CACHE_FAILED = 'The cache could not be used and the repository was asked.';

/**
 * Reads entities through the cache.
 *
 * Every entity returned is the caller's own, to be changed and saved. No fault of the cache reaches a caller; what the
 * loaders throw does, unchanged.
 */
export class EntityReader<E extends object, Id extends EntityId> {
  hits = 0;
  misses = 0;
  /** What was accepted to be written under these names and is not in the database yet; absent: everything is. */
  waiting: ((names: readonly string[]) => Promise<readonly unknown[]>) | undefined;
  /**
   * With `write: 'behind'`: resolves once what was saved of these entities before the call is in the database, or was
   * given up. To be awaited before they are written past the repository's own methods. Otherwise it resolves at once.
   *
   * @throws QueuedWriteError when that takes too long or cannot be known
   */
  settled: (ids: readonly Id[] | 'everything') => Promise<void> = () => Promise.resolve();

  constructor(private readonly parts: EntityReaderParts<E, Id>) {}

  /** What the entity with this id is called, in the cache and in a queue. */
  nameOf(id: Id): string {
    return this.parts.names.id(idText(id));
  }

  /** The entity with this id; what `load` gives for one that does not exist, `null` or `undefined`, is cached too. */
  findById<R extends E | null | undefined>(id: Id, load: () => Promise<R>): Promise<R> {
    return this.#findOne(this.nameOf(id), load, true);
  }

  /** Loads the entity with this id and caches it, whatever is cached. */
  async renew(id: Id, load: () => Promise<E | null | undefined>): Promise<void> {
    const { entries } = this.parts;
    await this.#read(this.nameOf(id), true, true, async () => entries.keepOne(await load(), NOTHING_STORED));
  }

  /** The entity that the unique index `method` has under `key`. */
  findByIndex<R extends E | null | undefined>(method: string, key: string, load: () => Promise<R>): Promise<R> {
    return this.#findOne(this.parts.names.index(method, key), load, false);
  }

  /** The entities that the list `method` has under `key`, in the order in which `load` gives them. */
  findList(method: string, key: string, load: () => Promise<E[]>): Promise<E[]> {
    return this.#findMany(this.parts.names.index(method, key), load, MAX_TAGGED_ENTITIES);
  }

  /** Every entity, in the order in which `load` gives them. */
  findAll(load: () => Promise<E[]>): Promise<E[]> {
    return this.#findMany(this.parts.names.all, load, 0);
  }

  /**
   * The entities with these ids, each once, in the order of the ids; those that do not exist are left out. One call of
   * `load` gets the ids that the cache does not have.
   */
  async findByIds(ids: readonly Id[], load: (ids: Id[]) => Promise<E[]>): Promise<E[]> {
    const idOf = new Map(ids.map((id) => [this.nameOf(id), id]));
    const found = new Map<string, readonly E[]>();
    const before = new Map<string, unknown>();
    for (const { forceRefresh } of ATTEMPTS) {
      const names = [...idOf.keys()].filter((name) => !found.has(name));
      const stored = await this.#readMany(names, forceRefresh, async (missing) => {
        const accepted = await this.#accepted(missing);
        const others = missing.filter((name) => !accepted.has(name));
        const result = others.length === 0 ? [] : await load(others.map((name) => idOf.get(name) as Id));
        const kept = this.parts.entries.keepByName(others, result, before);
        return accepted.size === 0 ? kept : new Map([...kept, ...accepted]);
      });
      if (stored.some(isUncacheable)) break;
      for (const [at, name] of names.entries()) {
        before.set(name, stored[at]);
        const presented = this.parts.entries.presentOneOfMany(stored[at]);
        if (presented !== undefined) found.set(name, presented.answer);
      }
      if (found.size === idOf.size) return [...idOf.keys()].flatMap((name) => found.get(name) as E[]);
    }
    return load([...idOf.values()]);
  }

  /** @param isOwn the entry is the entity's own, and not one of an index, where another entity may come into its place */
  #findOne<R extends E | null | undefined>(name: string, load: () => Promise<R>, isOwn: boolean): Promise<R> {
    const { entries } = this.parts;
    return this.#find<R>(name, isOwn, load, {
      keep: (result, before) => entries.keepOne(result, before),
      present: (stored) => entries.presentOne(stored),
    });
  }

  #findMany(name: string, load: () => Promise<E[]>, maxTaggedEntities: number): Promise<E[]> {
    const { entries } = this.parts;
    return this.#find<E[]>(name, false, load, {
      keep: (result) => entries.keepList(result, maxTaggedEntities),
      present: (stored) => entries.presentList(stored),
    });
  }

  async #find<R>(name: string, isOwn: boolean, load: () => Promise<R>, { keep, present }: Form<R>): Promise<R> {
    let before: unknown = NOTHING_STORED;
    for (const { forceRefresh } of ATTEMPTS) {
      const stored = await this.#read(name, isOwn, forceRefresh, async () => {
        const accepted = isOwn ? await this.#accepted([name]) : undefined;
        return accepted?.get(name) ?? keep(await load(), before);
      });
      if (isUncacheable(stored)) break;
      const presented = present(stored);
      if (presented !== undefined) return presented.answer;
      before = stored;
    }
    return load();
  }

  /** What waits to be written, by name; while that cannot be told the database is all there is. */
  async #accepted(names: readonly string[]): Promise<ReadonlyMap<string, Kept>> {
    const accepted = new Map<string, Kept>();
    if (this.waiting === undefined) return accepted;
    try {
      const waiting = await this.waiting(names);
      for (const [at, name] of names.entries()) {
        const kept = waiting[at] === undefined ? undefined : this.parts.entries.keepStored(waiting[at]);
        if (kept !== undefined) accepted.set(name, kept);
      }
    } catch (error) {
      this.parts.warnings.tell(QUEUE_UNKNOWN, error);
    }
    return accepted;
  }

  async #read(
    name: string,
    isOwn: boolean,
    forceRefresh: boolean,
    load: () => Promise<Kept | undefined>,
  ): Promise<unknown> {
    const { cache, ttl, names } = this.parts;
    const tags = [names.everything, name];
    const [stored] = await this.#counted(1, async (onLoad) => {
      const loader = async (context: LoadContext): Promise<unknown> => {
        onLoad(1);
        return storeIn(context, tags, isOwn, await load());
      };
      return [await cache.getOrSet(name, loader, { ttl, tags, forceRefresh })];
    });
    return stored;
  }

  #readMany(
    keys: readonly string[],
    forceRefresh: boolean,
    load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Kept>>,
  ): Promise<unknown[]> {
    const { cache, ttl, names } = this.parts;
    // Each entry gets the tag of its own id only; named here, they all are there before the load begins.
    const options = { ttl, tags: [names.everything, ...keys], forceRefresh };
    return this.#counted(keys.length, (onLoad) =>
      cache.getOrSetMany<unknown>(
        keys,
        async (missing, context) => {
          onLoad(missing.length);
          const kept = await load(missing);
          const storeUnder = (key: string): unknown =>
            storeIn(context.for(key), [names.everything, key], true, kept.get(key));
          return new Map(missing.map((key) => [key, storeUnder(key)]));
        },
        options,
      ),
    );
  }

  /** Runs a read of the cache and counts it. A fault of the cache is told and makes the result uncacheable. */
  async #counted(
    askedCount: number,
    read: (onLoad: (loadedCount: number) => void) => Promise<unknown[]>,
  ): Promise<unknown[]> {
    let loadedCount = 0;
    try {
      const stored = await read((count) => (loadedCount += count));
      this.hits += askedCount - loadedCount;
      this.misses += loadedCount;
      return stored;
    } catch (error) {
      this.misses += askedCount;
      if (!(error instanceof StrataError)) throw error;
      this.parts.warnings.tell(CACHE_FAILED, error);
      return [new Uncacheable()];
    }
  }
}

/** Gives an entry its tags and returns what is to be stored in it. */
function storeIn(context: LoadContext, tags: readonly string[], isOwn: boolean, kept: Kept | undefined): unknown {
  if (kept === undefined) {
    context.skip();
    return new Uncacheable();
  }
  context.tags = [...new Set([...tags, ...kept.tags])];
  if (isOwn) context.version = kept.version;
  return kept.stored;
}

function isUncacheable(stored: unknown): boolean {
  return stored instanceof Uncacheable;
}
