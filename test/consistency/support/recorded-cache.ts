import type { CacheEngine, EvictOutcome, Lookup } from '@nest-strata/engine';
import type { DatabaseAnswers, HistoryRecorder } from '@nest-strata/testing';
import type { CacheAction } from './cache-action.js';
import type { ReadOptions } from './cache-settings.js';

/** The version that the database had of each key before the keys were evicted: what makes the evict's events. */
export type EvictedVersions = Readonly<Record<string, number>>;

/** What a cached version is: what its loader got from the database. */
type Version = number;

/**
 * A cache of a worker, whose values are versions of the database. Whatever is done with it is recorded, each key of a call
 * as an event of its own.
 */
export class RecordedCache {
  readonly engine: CacheEngine;
  readonly #database: DatabaseAnswers;
  readonly #history: HistoryRecorder;

  constructor(engine: CacheEngine, database: DatabaseAnswers, history: HistoryRecorder) {
    this.engine = engine;
    this.#database = database;
    this.#history = history;
  }

  get(key: string): Promise<Version | undefined> {
    return this.#read(key, () => this.engine.get<Version>(key));
  }

  lookup(key: string): Promise<Lookup<Version>> {
    return this.#history.record(
      { op: 'read', key },
      () => this.engine.lookup<Version>(key),
      (found) => ('tier' in found ? { version: found.value, tier: found.tier, stale: found.stale } : {}),
    );
  }

  getOrSet(key: string, { derivedTags = [], isVersioned = false, ...options }: ReadOptions = {}): Promise<Version> {
    const load = (): Promise<Version> =>
      this.engine.getOrSet(
        key,
        async (context) => {
          const version = await this.#database.load(key);
          context.tags.push(...derivedTags);
          if (isVersioned) context.version = version;
          return version;
        },
        options,
      );
    return this.#history.record({ op: 'read', key }, load, (version) => ({ version }));
  }

  async getMany(keys: readonly string[]): Promise<(Version | undefined)[]> {
    const all = this.engine.getMany<Version>(keys);
    return Promise.all(keys.map((key, at) => this.#read(key, async () => (await all)[at])));
  }

  set(key: string, version: Version, options?: ReadOptions) {
    return this.#history.record(
      { op: 'write', key, version },
      () => this.engine.set(key, version, options),
      ({ reason = 'confirmed' }) => ({ outcome: reason === 'redis-unavailable' ? 'pending' : reason }),
    );
  }

  delete(key: string, evictedVersion?: Version): Promise<EvictOutcome> {
    const evicted = evictedVersion === undefined ? {} : { [key]: evictedVersion };
    return this.#evict(evicted, () => this.engine.delete(key));
  }

  /** Is no event: what is expired may still be read as a stale copy. */
  expire(key: string): Promise<EvictOutcome> {
    return this.engine.expire(key);
  }

  deleteByTag(tags: readonly string[], evicted: EvictedVersions = {}): Promise<EvictOutcome> {
    return this.#evict(evicted, () => this.engine.deleteByTag(...tags));
  }

  deleteByPattern(glob: string, evicted: EvictedVersions = {}): Promise<EvictOutcome> {
    return this.#evict(evicted, () => this.engine.deleteByPattern(glob));
  }

  clear(evicted: EvictedVersions = {}): Promise<EvictOutcome> {
    return this.#evict(evicted, () => this.engine.clear());
  }

  /** Does one step of a random history. */
  async act(action: CacheAction): Promise<void> {
    const { key } = action;
    if (action.do === 'look') await this.lookup(key);
    else if (action.do === 'read') await this.getOrSet(key, action.options);
    else await this.#change(action);
  }

  async #change({ key, by, tag = key }: Extract<CacheAction, { do: 'change' }>): Promise<void> {
    const version = await this.#database.commit(key);
    const evicted = { [key]: version };
    if (by === 'set') await this.set(key, version, { version, tags: [tag] });
    else if (by === 'delete') await this.delete(key, version);
    else if (by === 'delete-version') await this.#evict(evicted, () => this.engine.delete(key, { version }));
    else if (by === 'tag') await this.deleteByTag([tag], evicted);
    else if (by === 'pattern') await this.deleteByPattern(key, evicted);
    else await this.clear(evicted);
  }

  #read(key: string, read: () => Promise<Version | undefined>): Promise<Version | undefined> {
    return this.#history.record({ op: 'read', key }, read, (version) => ({ version }));
  }

  async #evict(evicted: EvictedVersions, evict: () => Promise<EvictOutcome>): Promise<EvictOutcome> {
    const outcome = evict();
    const events = Object.entries(evicted).map(([key, version]) =>
      this.#history.record(
        { op: 'evict', key, version },
        () => outcome,
        ({ confirmed }) => ({ outcome: confirmed ? 'confirmed' : 'pending' }),
      ),
    );
    await Promise.all(events);
    return outcome;
  }
}
