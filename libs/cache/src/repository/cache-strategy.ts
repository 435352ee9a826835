import type { Duration } from '@nest-strata/core';
import type { SourceVersion, WriteBehindOptions } from '@nest-strata/engine';
import type { ListIndex, UniqueIndex } from './entity-index.js';
import type { EntityId } from './key-part.js';

/** A class of entities, whatever its constructor. */
export interface EntityClass<E extends object> {
  readonly name: string;
  readonly prototype: E;
}

/** The methods of a repository that read in the common ways; `false`: there is none, whatever the names. */
export interface RepositoryReads {
  /** Finds one entity: takes the id alone. @default 'findById' */
  readonly byId?: string | false;
  /** Finds several: takes a list of ids alone and returns those that exist. @default 'findByIds' */
  readonly byIds?: string | false;
  /** Returns every entity: takes nothing. @default 'findAll' */
  readonly all?: string | false;
}

/** What a method changes: the rows with the ids that the function reads from its arguments, anything, or nothing. */
export type WrittenIds<Id> = ((...args: never[]) => readonly Id[] | 'everything') | 'everything' | false;

/**
 * How the entities of one repository are cached. Extend it, and give it to `CacheModule.forFeature` with the repository.
 *
 * Only `entity`, `ttl` and `id` must be there. What is declared is checked when the application starts: a method that
 * the repository does not have is an error that names it.
 */
export abstract class CacheStrategy<E extends object, Id extends EntityId = number> {
  /**
   * The class whose instances the cache gives back; or, where the repository returns plain objects, the entity's name.
   */
  abstract readonly entity: EntityClass<E> | string;

  /** How long what was read stays fresh. `'0ms'`: not cached. `'forever'`: until a write changes it. */
  abstract readonly ttl: Duration;

  /** What the keys and tags of this entity begin with. Default: the name of the class, `Hero` becoming `hero`. */
  readonly name?: string;

  /** The methods that read by id, by ids, and all. */
  readonly reads?: RepositoryReads;

  /** Methods that find at most one entity, by name: `{ findByName: unique<Hero>('name') }`. */
  readonly indexes?: Readonly<Record<string, UniqueIndex<E>>>;

  /** Methods that return a list, by name: `{ findByLanguage: list<Hero>('language') }`. */
  readonly lists?: Readonly<Record<string, ListIndex<E>>>;

  /**
   * Methods that write, by name, besides those with the usual names: `{ rename: (id: number) => [id] }`,
   * `{ importAll: 'everything' }`; or, of one with a usual name, that it does not: `{ create: false }`.
   */
  readonly writes?: Readonly<Record<string, WrittenIds<Id>>>;

  /**
   * What a write does to the entity's own entry; everything else that the entity is in is evicted in any case.
   *
   * - `'evict'`: the next read loads it
   * - `'through'`: it is loaded and cached once the write is committed, before the write returns, so that readers never
   *   meet a miss after a write. Needs a method that reads by id
   * - `'behind'`: `save(entity)` returns once the entity is in a queue (a stream in Redis), and is written to the database
   *   a moment later, at least once, in batches. Reads by id see it at once, lists and indexes once it is in the database.
   *   Entities without an id, lists of them, other methods and writes in transactions are written directly, once what
   *   waits of the same entities is in the database
   *
   * @default 'evict'
   */
  readonly write?: 'evict' | 'through' | 'behind';

  /** How a queue of `write: 'behind'` works: its batches, bounds and retries. */
  readonly writeBehind?: Omit<WriteBehindOptions<unknown>, 'persist'>;

  /** What identifies the entity; `undefined` while it has no id. */
  abstract id(entity: E): Id | undefined;

  /**
   * The version of the row, such as its version column or its time of change: the entity's own entry is never replaced by
   * that of a lower one, as from a replica that lags behind. It must only grow, also if a row is deleted and made again.
   */
  version?(entity: E): SourceVersion;

  /** Further tags for every entry that the entity is in, to invalidate by with `deleteByTag`. */
  tags?(entity: E): readonly string[];

  /**
   * What is stored of the entity: any value that the cache can carry. Default: its own enumerable fields.
   */
  serialize?(entity: E): unknown;

  /** The entity again, from what `serialize` gave. Each call must make a new one. */
  deserialize?(stored: unknown): E;

  /**
   * The rows with these ids as the database has them now; those that do not exist are left out. Never asked for more
   * than a write concerns. Default: the repository's own method by ids, or by id.
   */
  loadCurrent?(ids: readonly Id[]): Promise<readonly E[]>;
}
