import type { Duration } from '@nest-strata/core';
import type {
  BatchLoader,
  CacheEngine,
  CacheStats,
  EntryOptions,
  EvictOutcome,
  Loader,
  LoadOptions,
  Lookup,
  SourceVersion,
  WriteOutcome,
} from '@nest-strata/engine';
import type { NamedCacheOptions } from './options/cache-module-options.js';
import { resolveCacheOverrides } from './options/resolve-cache-options.js';
import type { InheritedOptions } from './options/resolved-settings.js';

/**
 * A cache: what you inject to read, load, write and invalidate.
 *
 * No fault of the cache ever reaches a caller: while Redis is away, reads fall to a copy within its grace or the loader;
 * writes and invalidations resolve within the deadline, and what Redis did not confirm is repeated until it does. What
 * rejects is what the caller can mend: a loader that throws, an aborted signal, a key or value that is none. Keys are any
 * non-empty strings, kept apart from those of other namespaces and applications.
 */
export class CacheService {
  readonly #namespaces = new Map<string, CacheService>();

  /** @internal CacheModule makes it. */
  constructor(
    /** What this is for Nest: also writes through to a source and behind. */
    readonly engine: CacheEngine,
    private readonly inherited: InheritedOptions,
  ) {}

  /** The namespaces that lead here, joined with dots; `cache` in the events of this cache. */
  get name(): string {
    return this.engine.name;
  }

  /** What the memory tier of this cache holds now; bytes are estimated. */
  get memoryUse(): { readonly entryCount: number; readonly byteCount: number } {
    return this.engine.memoryUse;
  }

  /** The namespaces that were made in this cache so far, by their names. */
  get namespaces(): ReadonlyMap<string, CacheService> {
    return this.#namespaces;
  }

  /** The value under `key`; `undefined` when there is none, and when `undefined` is what is cached: see {@link lookup}. */
  get<T>(key: string): Promise<T | undefined> {
    return this.engine.get<T>(key);
  }

  /** What is known of `key`: whether it is a hit, its value, the tier that answered, its age and what is left of its life. */
  lookup<T>(key: string): Promise<Lookup<T>> {
    return this.engine.lookup<T>(key);
  }

  /**
   * The value under `key`, loaded and stored when there is none.
   *
   * Callers that miss the same key at the same time share one run of the loader, in all processes, and those of one
   * process its error. What is written or invalidated meanwhile is not overwritten by what it returns. `null` and
   * `undefined` are values like any other; call `context.skip()` in the loader not to store one.
   *
   * @throws what the loader throws, the reason of `options.signal`; LoadTimeoutError, LockTimeoutError, LoadShedError
   */
  getOrSet<T>(key: string, loader: Loader<T>, options?: LoadOptions<T>): Promise<T> {
    return this.engine.getOrSet(key, loader, options);
  }

  /** The values under `keys`, in their order; `undefined` for a key without one. A key given twice is read once. */
  getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return this.engine.getMany<T>(keys);
  }

  /**
   * As {@link getOrSet} for `keys`, in their order: one call of `loader` gets those that are missing, each once. A key for
   * which it returns nothing has the value `undefined`, and that is cached.
   */
  getOrSetMany<T>(
    keys: readonly string[],
    loader: BatchLoader<T>,
    options?: LoadOptions<T>,
  ): Promise<(T | undefined)[]> {
    return this.engine.getOrSetMany(keys, loader, options);
  }

  /**
   * Stores `value` under `key` and replaces what is there, unless that has a higher `options.version`.
   * @throws UnsupportedValueError for a value that cannot be brought back as what it is, such as a function
   */
  set(key: string, value: unknown, options?: EntryOptions): Promise<WriteOutcome> {
    return this.engine.set(key, value, options);
  }

  /** Stores many values in one trip to Redis; the outcomes are in the order of `entries`. */
  setMany(entries: Iterable<readonly [key: string, value: unknown]>, options?: EntryOptions): Promise<WriteOutcome[]> {
    return this.engine.setMany(entries, options);
  }

  /** Stores `value` only when `key` has none; of many processes that try at once, one is told `stored: true`. */
  setIfAbsent(key: string, value: unknown, options?: EntryOptions): Promise<WriteOutcome> {
    return this.engine.setIfAbsent(key, value, options);
  }

  /** Stores `value` only when `key` has a fresh one. */
  replace(key: string, value: unknown, options?: EntryOptions): Promise<WriteOutcome> {
    return this.engine.replace(key, value, options);
  }

  /** Whether `key` has a fresh value. */
  has(key: string): Promise<boolean> {
    return this.engine.has(key);
  }

  /** Milliseconds for which `key` stays fresh; `Infinity` for an entry without an end, `undefined` when there is none. */
  ttl(key: string): Promise<number | undefined> {
    return this.engine.ttl(key);
  }

  /** Gives `key` a new time to live from now on, by default the cache's own; resolves with whether it has a fresh value. */
  touch(key: string, ttl?: Duration): Promise<boolean> {
    return this.engine.touch(key, ttl);
  }

  /**
   * Adds `by`, a whole number, to the counter under `key` and returns the sum. A new one starts at 0 and lives for
   * `options.ttl` from then on. `undefined`: Redis did not confirm it in time, and it may have been added or not.
   * @throws NotACounterError when the key holds something else
   */
  increment(key: string, by = 1, options?: Pick<EntryOptions, 'ttl'>): Promise<number | undefined> {
    return this.engine.increment(key, by, options);
  }

  /**
   * Removes `key` from every tier of every process; a load that began before is not stored. With the source's `version`
   * it removes what has that or a lower one, and keeps lower ones out for as long as an entry would live.
   */
  delete(key: string, options?: { readonly version?: SourceVersion }): Promise<EvictOutcome> {
    return this.engine.delete(key, options);
  }

  /** As {@link delete} for many keys, in one trip to Redis. */
  deleteMany(keys: readonly string[]): Promise<EvictOutcome> {
    return this.engine.deleteMany(keys);
  }

  /** Makes every entry that carries one of `tags` a miss, at a cost that does not depend on how many there are. */
  deleteByTag(...tags: string[]): Promise<EvictOutcome> {
    return this.engine.deleteByTag(...tags);
  }

  /** Removes every key that matches `glob` (`*`, `?`, `[abc]`; `\` escapes), at the cost of a walk over the database. */
  deleteByPattern(glob: string): Promise<EvictOutcome> {
    return this.engine.deleteByPattern(glob);
  }

  /** Makes every entry of this cache a miss, at the cost of one write. */
  clear(): Promise<EvictOutcome> {
    return this.engine.clear();
  }

  /** Ends the freshness of `key`: it is loaded anew, and unlike with {@link delete} a copy stays in case that fails. */
  expire(key: string): Promise<EvictOutcome> {
    return this.engine.expire(key);
  }

  /** The keys of fresh entries that match `glob`, by a walk over the database; a key can come twice. */
  keys(glob = '*'): AsyncIterable<string> {
    return this.engine.keys(glob);
  }

  /**
   * The cache `name` inside this one: same Redis, own keys, tags, memory and statistics; other options as this cache.
   * @throws InvalidCacheOptionsError when the options are wrong, InvalidOptionError when it was made with others before
   */
  namespace(name: string, options?: NamedCacheOptions): CacheService {
    const known = this.#namespaces.get(name);
    if (known && options === undefined) return known;
    const { overrides, inherited } = resolveCacheOverrides(name, options ?? {}, this.inherited);
    const engine = this.engine.namespace(name, overrides);
    const service = known ?? new CacheService(engine, inherited);
    this.#namespaces.set(name, service);
    return service;
  }

  /** Hits, misses, writes and errors since the start or the last {@link resetStats}; of this process, this cache only. */
  stats(): CacheStats {
    return this.engine.stats();
  }

  /** Starts the statistics of this cache anew. */
  resetStats(): void {
    this.engine.resetStats();
  }
}
