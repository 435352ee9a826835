import type { Duration } from '@nest-strata/core';
import { defaultTypes } from '@nest-strata/engine';
import type { EvictOutcome, TypeRegistry } from '@nest-strata/engine';
import type { RepositoryCache } from './cache-by-name.js';
import type { CacheStrategy } from './cache-strategy.js';
import type { EntityChange } from './entity-change.js';
import { EntityEntries } from './entity-entries.js';
import { EntityReader } from './entity-reader.js';
import { EntityRecords } from './entity-record.js';
import { EntityTags } from './entity-tags.js';
import { idText, isEntityId } from './key-part.js';
import type { EntityId } from './key-part.js';
import { saysNotFound } from './plain-rows.js';
import { RepositoryStats } from './repository-stats.js';
import { RepositoryWarnings } from './repository-warnings.js';
import { LateRows } from './row-source.port.js';
import type { RowSource } from './row-source.port.js';
import type { SaveQueue } from './save-queue.js';

/** What a {@link CachedRepository} is made of. */
export interface CachedRepositoryParts<E extends object, Id extends EntityId> {
  readonly cache: RepositoryCache;
  readonly strategy: CacheStrategy<E, Id>;
  /** What keys and tags begin with. */
  readonly name: string;
  /** Default: that of the strategy. */
  readonly ttl?: Duration;
  /** Where {@link CachedRepository.invalidate} finds the rows with the ids that it is given. */
  readonly rows?: RowSource<E, Id>;
  /** The classes that the cache can carry. Default: those registered with `registerType`. */
  readonly types?: TypeRegistry;
}

/** A write that changes more entities evicts them. */
const MAX_RENEWED = 100;

const NOT_INVALIDATED = 'The cache could not be told of a write; it may serve the old rows until their time is over.';
const NOT_RENEWED = 'What a write changed could not be loaded to be cached; the next read loads it.';
const NOT_DERIVED = 'What a write changed could not be told, and everything was invalidated.';

/**
 * The cache in front of one repository. `CacheModule.forFeature` makes one for each repository and puts it to work;
 * inject it with {@link InjectCachedRepository} to invalidate by hand or to see its statistics.
 */
export class CachedRepository<E extends object, Id extends EntityId = number> {
  readonly name: string;
  /** Reads through the cache. The repository's own methods do so by themselves. */
  readonly reader: EntityReader<E, Id>;
  readonly #cache: RepositoryCache;
  readonly #strategy: CacheStrategy<E, Id>;
  readonly #rows: RowSource<E, Id>;
  readonly #tags: EntityTags<E, Id>;
  readonly #warnings: RepositoryWarnings;
  readonly #entries: EntityEntries<E, Id>;
  readonly #records: EntityRecords<E, Id>;
  /** What waits to be saved, and what was given up; `undefined` unless the strategy says `write: 'behind'`. */
  queue: SaveQueue<E> | undefined;
  /** Reads the entity with an id as the repository's own method does, past the cache; for `write: 'through'`. */
  reload: ((id: Id) => Promise<E | null | undefined>) | undefined;
  #invalidations = 0;
  #fullInvalidations = 0;

  /** @internal CacheModule makes it. */
  constructor({ cache, strategy, name, ttl, rows, types = defaultTypes }: CachedRepositoryParts<E, Id>) {
    this.name = name;
    this.#cache = cache;
    this.#strategy = strategy;
    this.#rows = rows ?? new LateRows();
    this.#tags = new EntityTags(name, strategy);
    this.#warnings = new RepositoryWarnings(name);
    this.#records = new EntityRecords(strategy, types);
    this.#entries = new EntityEntries(this.#tags, this.#records, this.#warnings);
    this.reader = new EntityReader({
      cache,
      ttl: ttl ?? strategy.ttl,
      names: this.#tags.names,
      entries: this.#entries,
      warnings: this.#warnings,
    });
  }

  /**
   * Makes unservable whatever these entities, or those with these ids, are in, and whatever they belong in as the
   * database has them now. For rows that were changed past the repository. Where the rows cannot be read, everything of
   * the repository is made unservable. Never rejects.
   */
  async invalidate(...entitiesOrIds: readonly (E | Id)[]): Promise<EvictOutcome> {
    const ids = entitiesOrIds.filter((given): given is Id => isEntityId(given));
    const entities = entitiesOrIds.filter((given): given is E => !isEntityId(given));
    try {
      const ownIds = entities.map((entity) => this.#strategy.id(entity)).filter((id) => id !== undefined);
      const rows = await this.#rows.load([...ids, ...ownIds]);
      return await this.changed(rows === undefined ? 'everything' : { ids, rows: [...entities, ...rows] });
    } catch (error) {
      this.#warnings.tell(NOT_DERIVED, error);
      return this.changed('everything');
    }
  }

  /** Makes everything of this repository unservable, at the cost of one write. */
  invalidateAll(): Promise<EvictOutcome> {
    return this.changed('everything');
  }

  /** Hits, misses and invalidations since the start, in this process. */
  stats(): RepositoryStats {
    const { hits, misses } = this.reader;
    return new RepositoryStats({
      hits,
      misses,
      invalidations: this.#invalidations,
      fullInvalidations: this.#fullInvalidations,
    });
  }

  /**
   * Makes unservable what a write changed. To be called once the write is committed: before that, a reader could put the
   * old row back. Never rejects.
   */
  async changed(change: EntityChange<E, Id>): Promise<EvictOutcome> {
    const outcome = await this.evict(change);
    await this.renew(change);
    return outcome;
  }

  /** @internal The part of {@link changed} that needs nothing of the database. Never rejects. */
  async evict(change: EntityChange<E, Id>): Promise<EvictOutcome> {
    const tags = this.tagsOf(change);
    if (tags.length === 0) return { confirmed: true, count: 0 };
    this.#invalidations++;
    if (tags.includes(this.#tags.names.everything)) this.#fullInvalidations++;
    try {
      return await this.#cache.deleteByTag(...tags);
    } catch (error) {
      this.#warnings.tell(NOT_INVALIDATED, error);
      return { confirmed: false, count: 0 };
    }
  }

  /** @internal With `write: 'through'`, caches what a write has changed, as the database has it now. Never rejects. */
  async renew(change: EntityChange<E, Id>): Promise<void> {
    const { reload } = this;
    if (this.#strategy.write !== 'through' || reload === undefined) return;
    const ids = this.#warnings.attempt(NOT_RENEWED, () => this.#idsOf(change)) ?? [];
    if (ids.length > MAX_RENEWED) return;
    const renewed = await Promise.allSettled(ids.map((id) => this.reader.renew(id, () => reload(id))));
    for (const result of renewed) {
      // That there is none any more is no failure: the repository itself says so to the next read.
      if (result.status === 'rejected' && !saysNotFound(result.reason)) this.#warnings.tell(NOT_RENEWED, result.reason);
    }
  }

  /** What is to be stored of an entity, where and with which tags; `undefined` for one without an id. @internal */
  keep(entity: E): { readonly name: string; readonly stored: unknown; readonly tags: readonly string[] } | undefined {
    const name = this.#warnings.attempt(NOT_DERIVED, () => this.#tags.ofId(entity));
    const kept = name === undefined ? undefined : this.#entries.keepOne(entity, undefined);
    if (name === undefined || kept === undefined) return undefined;
    return { name, stored: kept.stored, tags: [...new Set([this.#tags.names.everything, name, ...kept.tags])] };
  }

  /** The entity again, from what {@link keep} gave. @internal */
  toEntity(stored: unknown): E {
    return this.#records.toEntity(stored);
  }

  /** @internal The tags that {@link changed} makes unservable. */
  tagsOf(change: EntityChange<E, Id>): readonly string[] {
    return this.#warnings.attempt(NOT_DERIVED, () => this.#tags.ofChange(change)) ?? this.#tags.ofChange('everything');
  }

  #idsOf(change: EntityChange<E, Id>): Id[] {
    if (change === 'everything') return [];
    const own = (change.rows ?? []).map((row) => this.#strategy.id(row)).filter((id) => id !== undefined);
    return [...new Map([...(change.ids ?? []), ...own].map((id) => [idText(id), id])).values()];
  }
}
