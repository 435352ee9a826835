import { StrataError } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';
import type { BatchLoader, LoadContext } from '@nest-strata/engine';
import type { CacheService } from '../cache.service.js';
import type { EntityRecords } from './entity-record.js';
import type { EntityTags } from './entity-tags.js';
import { idText } from './key-part.js';
import type { EntityId } from './key-part.js';
import type { RepositoryWarnings } from './repository-warnings.js';

/** What the reads of a repository need. */
export interface EntityReaderParts<E extends object, Id extends EntityId> {
  readonly cache: Pick<CacheService, 'getOrSet' | 'getOrSetMany'>;
  readonly ttl: Duration;
  readonly tags: EntityTags<E, Id>;
  readonly records: EntityRecords<E, Id>;
  readonly warnings: RepositoryWarnings;
}

/** What is to be stored of a result, and the tags that it gets because of what is in it. */
interface Kept {
  readonly stored: unknown;
  readonly tags: readonly string[];
}

/** An answer made of what is stored; `undefined`: there is none in it, and it must be loaded anew. */
type Presented<R> = { readonly answer: R } | undefined;

/** Given to callers instead of a result that cannot be stored: each asks the repository itself. */
class Uncacheable {
  readonly isUncacheable = true;
}

/** A list of more entities than this carries the tag of all instead of one for each. */
const MAX_TAGGED_ENTITIES = 100;

/** Stored for an id that `findByIds` left out: whether `findById` says `null` or `undefined` is not known from that. */
const LEFT_OUT = false;

/** Take what is cached; when there is no answer in it, load it anew. */
const ATTEMPTS = [{ forceRefresh: false }, { forceRefresh: true }] as const;

const NOT_BROUGHT_BACK = 'An entity could not be brought back from the cache and is loaded anew.';
const NOT_KEPT = 'An entity could not be made ready for the cache and is not cached.';
const NOT_AN_ENTITY =
  'A method returned something other than entities with an id, of the class that the strategy names; it is not cached. ' +
  "Register subclasses with CacheModule's `types`, or give the strategy `serialize` and `deserialize`.";
const NOT_A_LIST = 'A method that is declared to return a list of entities returned something else; it is not cached.';
const NOT_AS_ASKED =
  'The method that reads by ids returned something other than the entities with these ids, or not by leaving out the ' +
  'missing ones; such results are not cached. Where it always does so, give the strategy `reads = { byIds: false }`.';
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
    return this.#findOne(this.parts.tags.names.id(idText(id)), load);
  }

  /** The entity that the unique index `method` has under `key`. */
  findByIndex<R extends E | null | undefined>(method: string, key: string, load: () => Promise<R>): Promise<R> {
    return this.#findOne(this.parts.tags.names.index(method, key), load);
  }

  /** The entities that the list `method` has under `key`, in the order in which `load` gives them. */
  findList(method: string, key: string, load: () => Promise<E[]>): Promise<E[]> {
    return this.#findMany(this.parts.tags.names.index(method, key), load, MAX_TAGGED_ENTITIES);
  }

  /** Every entity, in the order in which `load` gives them. */
  findAll(load: () => Promise<E[]>): Promise<E[]> {
    return this.#findMany(this.parts.tags.names.all, load, 0);
  }

  /**
   * The entities with these ids, each once, in the order of the ids; those that do not exist are left out. One call of
   * `load` gets the ids that the cache does not have.
   */
  async findByIds(ids: readonly Id[], load: (ids: Id[]) => Promise<E[]>): Promise<E[]> {
    const idOf = new Map(ids.map((id) => [this.parts.tags.names.id(idText(id)), id]));
    const found = new Map<string, readonly E[]>();
    for (const { forceRefresh } of ATTEMPTS) {
      const wanted = [...idOf.keys()].filter((name) => !found.has(name));
      const loadNamed = (names: readonly string[]): Promise<E[]> => load(names.map((name) => idOf.get(name) as Id));
      const stored = await this.#readMany(wanted, forceRefresh, loadNamed);
      if (stored.some(isUncacheable)) break;
      for (const [at, name] of wanted.entries()) {
        const presented = stored[at] === LEFT_OUT ? { answer: [] } : this.#presentList([stored[at]]);
        if (presented !== undefined) found.set(name, presented.answer);
      }
      if (found.size === idOf.size) return [...idOf.keys()].flatMap((name) => found.get(name) ?? []);
    }
    return load([...idOf.values()]);
  }

  #findOne<R extends E | null | undefined>(name: string, load: () => Promise<R>): Promise<R> {
    return this.#find<R>(name, load, {
      keep: (result) => (isAbsent(result) ? { stored: result, tags: [] } : this.#keep(result)),
      present: (stored) => {
        if (isAbsent(stored)) return { answer: stored as R };
        const presented = this.#presentList([stored]);
        return presented && { answer: presented.answer[0] as R };
      },
    });
  }

  #findMany(name: string, load: () => Promise<E[]>, maxTaggedEntities: number): Promise<E[]> {
    return this.#find<E[]>(name, load, {
      keep: (result) => this.#keepList(result, maxTaggedEntities),
      present: (stored) => this.#presentList(stored),
    });
  }

  async #find<R>(
    name: string,
    load: () => Promise<R>,
    form: { keep: (result: R) => Kept | undefined; present: (stored: unknown) => Presented<R> },
  ): Promise<R> {
    for (const { forceRefresh } of ATTEMPTS) {
      const stored = await this.#read(name, forceRefresh, async () => form.keep(await load()));
      if (isUncacheable(stored)) break;
      const presented = form.present(stored);
      if (presented !== undefined) return presented.answer;
    }
    return load();
  }

  async #read(name: string, forceRefresh: boolean, load: () => Promise<Kept | undefined>): Promise<unknown> {
    const { cache, ttl, tags } = this.parts;
    const options = { ttl, tags: [tags.names.everything, name], forceRefresh };
    const [stored] = await this.#counted(1, async (onLoad) => {
      const loader = async (context: LoadContext): Promise<unknown> => {
        onLoad(1);
        return keepIn(context, await load());
      };
      return [await cache.getOrSet(name, loader, options)];
    });
    return stored;
  }

  #readMany(
    names: readonly string[],
    forceRefresh: boolean,
    load: (names: readonly string[]) => Promise<E[]>,
  ): Promise<unknown[]> {
    const { cache, ttl, tags } = this.parts;
    const options = { ttl, tags: [tags.names.everything], forceRefresh };
    const loader: BatchLoader<unknown> = async (missing, context) => {
      const kept = this.#keepByName(missing, await load(missing));
      return new Map(missing.map((name) => [name, keepIn(context.for(name), kept.get(name))]));
    };
    return this.#counted(names.length, (onLoad) =>
      cache.getOrSetMany(
        names,
        (missing, context) => {
          onLoad(missing.length);
          return loader(missing, context);
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

  /** What is to be stored of one entity; `undefined`, once told why, for what cannot be. */
  #keep(entity: unknown): Kept | undefined {
    const { tags, records, warnings } = this.parts;
    return warnings.attempt(NOT_KEPT, () => {
      const isEntity = typeof entity === 'object' && entity !== null;
      const kept = isEntity && { stored: records.toRecord(entity as E), tags: tags.ofEntity(entity as E) };
      if (kept && kept.tags !== undefined && !isNoRecord(kept.stored)) return { stored: kept.stored, tags: kept.tags };
      warnings.tell(NOT_AN_ENTITY);
      return undefined;
    });
  }

  #keepList(result: unknown, maxTaggedEntities: number): Kept | undefined {
    if (!Array.isArray(result)) {
      this.parts.warnings.tell(NOT_A_LIST);
      return undefined;
    }
    const kept = result.map((entity) => this.#keep(entity)).filter((one) => one !== undefined);
    if (kept.length < result.length) return undefined;
    const isTagged = kept.length <= maxTaggedEntities;
    const tags = kept.flatMap((one) => (isTagged ? one.tags : one.tags.slice(1)));
    return { stored: kept.map(({ stored }) => stored), tags: isTagged ? tags : [this.parts.tags.names.all, ...tags] };
  }

  /** What is to be stored under each of the names that were asked for; nothing, once told why, if that cannot be told. */
  #keepByName(names: readonly string[], result: unknown): ReadonlyMap<string, Kept> {
    const keptByName = new Map<string, Kept>(names.map((name) => [name, { stored: LEFT_OUT, tags: [name] }]));
    for (const entity of Array.isArray(result) ? (result as unknown[]) : [undefined]) {
      const kept = this.#keep(entity);
      const [name] = kept?.tags ?? [];
      if (kept === undefined || name === undefined || !keptByName.has(name)) {
        this.parts.warnings.tell(NOT_AS_ASKED);
        return new Map();
      }
      keptByName.set(name, kept);
    }
    return keptByName;
  }

  #presentList(stored: unknown): Presented<E[]> {
    const { records, warnings } = this.parts;
    return warnings.attempt(NOT_BROUGHT_BACK, () => {
      const list = stored as readonly unknown[];
      return list.some(isNoRecord) ? undefined : { answer: list.map((record) => records.toEntity(record)) };
    });
  }
}

/** Gives an entry its tags and returns what is to be stored in it. */
function keepIn(context: LoadContext, kept: Kept | undefined): unknown {
  if (kept === undefined) {
    context.skip();
    return new Uncacheable();
  }
  context.tags = [...new Set([...context.tags, ...kept.tags])];
  return kept.stored;
}

function isAbsent(result: unknown): result is null | undefined {
  return result === null || result === undefined;
}

function isNoRecord(stored: unknown): boolean {
  return isAbsent(stored) || stored === LEFT_OUT;
}

function isUncacheable(stored: unknown): boolean {
  return stored instanceof Uncacheable;
}
