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

  constructor(private readonly parts: EntityReaderParts<E, Id>) {}

  /** The entity with this id; what `load` gives for one that does not exist, `null` or `undefined`, is cached too. */
  findById<R extends E | null | undefined>(id: Id, load: () => Promise<R>): Promise<R> {
    return this.#findOne(this.parts.names.id(idText(id)), load);
  }

  /** The entity that the unique index `method` has under `key`. */
  findByIndex<R extends E | null | undefined>(method: string, key: string, load: () => Promise<R>): Promise<R> {
    return this.#findOne(this.parts.names.index(method, key), load);
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
    const idOf = new Map(ids.map((id) => [this.parts.names.id(idText(id)), id]));
    const found = new Map<string, readonly E[]>();
    const before = new Map<string, unknown>();
    for (const { forceRefresh } of ATTEMPTS) {
      const names = [...idOf.keys()].filter((name) => !found.has(name));
      const stored = await this.#readMany(names, forceRefresh, async (missing) => {
        const result = await load(missing.map((name) => idOf.get(name) as Id));
        return this.parts.entries.keepByName(missing, result, before);
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

  #findOne<R extends E | null | undefined>(name: string, load: () => Promise<R>): Promise<R> {
    const { entries } = this.parts;
    return this.#find<R>(name, load, {
      keep: (result, before) => entries.keepOne(result, before),
      present: (stored) => entries.presentOne(stored),
    });
  }

  #findMany(name: string, load: () => Promise<E[]>, maxTaggedEntities: number): Promise<E[]> {
    const { entries } = this.parts;
    return this.#find<E[]>(name, load, {
      keep: (result) => entries.keepList(result, maxTaggedEntities),
      present: (stored) => entries.presentList(stored),
    });
  }

  async #find<R>(name: string, load: () => Promise<R>, { keep, present }: Form<R>): Promise<R> {
    let before: unknown = NOTHING_STORED;
    for (const { forceRefresh } of ATTEMPTS) {
      const stored = await this.#read(name, forceRefresh, async () => keep(await load(), before));
      if (isUncacheable(stored)) break;
      const presented = present(stored);
      if (presented !== undefined) return presented.answer;
      before = stored;
    }
    return load();
  }

  async #read(name: string, forceRefresh: boolean, load: () => Promise<Kept | undefined>): Promise<unknown> {
    const { cache, ttl, names } = this.parts;
    const tags = [names.everything, name];
    const [stored] = await this.#counted(1, async (onLoad) => {
      const loader = async (context: LoadContext): Promise<unknown> => {
        onLoad(1);
        return storeIn(context, tags, await load());
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
            storeIn(context.for(key), [names.everything, key], kept.get(key));
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
function storeIn(context: LoadContext, tags: readonly string[], kept: Kept | undefined): unknown {
  if (kept === undefined) {
    context.skip();
    return new Uncacheable();
  }
  context.tags = [...new Set([...tags, ...kept.tags])];
  return kept.stored;
}

function isUncacheable(stored: unknown): boolean {
  return stored instanceof Uncacheable;
}
