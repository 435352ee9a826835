import type { CacheService } from '../cache.service.js';

/** What decorated methods need of a cache. */
export type DecoratedCache = Pick<
  CacheService,
  'lookup' | 'getOrSet' | 'set' | 'delete' | 'deleteMany' | 'deleteByTag' | 'clear'
>;

/** The caches of an application, as decorated methods name them. */
export interface CacheDirectory {
  /** The cache of that name, or the default cache; `undefined` when there is none. */
  find(name: string | undefined): DecoratedCache | undefined;
  /** The names that there are, for messages. */
  names(): readonly string[];
}
