import type { CacheService } from '../cache.service.js';
import { CacheRuntime } from './cache.runtime.js';
import { attachRuntime } from './runtime-slot.js';

/**
 * Gives an instance that Nest did not make a cache for its decorated methods: in a unit test, or in a `useFactory`.
 * A cache that a decorator names is the namespace of that name in `cache`.
 *
 * @returns the instance
 * @throws DuplicateDefaultKeyError
 */
export function attachCache<T extends object>(instance: T, cache: CacheService): T {
  const runtime = new CacheRuntime({
    find: (name) => (name === undefined ? cache : cache.namespace(name)),
    names: () => [],
  });
  attachRuntime(instance, runtime);
  return instance;
}
