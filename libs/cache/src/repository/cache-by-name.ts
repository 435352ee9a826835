import type { BatchLoader, CacheEngine, EvictOutcome, Loader, LoadOptions } from '@nest-strata/engine';
import type { CacheService } from '../cache.service.js';
import type { NamedCaches } from '../named-caches.js';

/** What a cached repository needs of a cache. */
export type RepositoryCache = Pick<CacheService, 'getOrSet' | 'getOrSetMany' | 'deleteByTag'>;

/** A cache that may not be declared yet: it is looked up when it is used. */
export class CacheByName implements RepositoryCache {
  constructor(
    private readonly caches: NamedCaches,
    private readonly name: string | undefined,
  ) {}

  get isDeclared(): boolean {
    return this.caches.find(this.name) !== undefined;
  }

  getOrSet<T>(key: string, loader: Loader<T>, options?: LoadOptions<T>): Promise<T> {
    return this.#cache.getOrSet(key, loader, options);
  }

  getOrSetMany<T>(
    keys: readonly string[],
    loader: BatchLoader<T>,
    options?: LoadOptions<T>,
  ): Promise<(T | undefined)[]> {
    return this.#cache.getOrSetMany(keys, loader, options);
  }

  /** The engine of the cache, for what has no other way in. */
  get engine(): CacheEngine {
    return this.#cache.engine;
  }

  deleteByTag(...tags: string[]): Promise<EvictOutcome> {
    return this.#cache.deleteByTag(...tags);
  }

  get #cache(): CacheService {
    return this.caches.find(this.name) as CacheService;
  }
}
