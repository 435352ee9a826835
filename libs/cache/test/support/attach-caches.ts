import { CacheRuntime } from '../../src/decorators/cache.runtime.js';
import { attachRuntime } from '../../src/decorators/runtime-slot.js';
import type { MapCache } from './map-cache.js';

/** A runtime over a default cache and named ones. */
export function runtimeOver(byDefault: MapCache, named: Readonly<Record<string, MapCache>> = {}): CacheRuntime {
  return new CacheRuntime({
    find: (name) => (name === undefined ? byDefault : named[name]),
    names: () => Object.keys(named),
  });
}

/** Gives an instance the caches, as Nest would. */
export function attachCaches<T extends object>(
  instance: T,
  byDefault: MapCache,
  named?: Readonly<Record<string, MapCache>>,
): T {
  attachRuntime(instance, runtimeOver(byDefault, named));
  return instance;
}
