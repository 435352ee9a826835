import { TypeRegistry } from '@nest-strata/engine';
import type { CachedType } from './cache-module-options.js';

/**
 * The registry of the classes that the option `types` lists.
 *
 * @throws TypeRegistrationError for an entry that is no class, or whose instances cannot be kept
 */
export function toTypeRegistry(types: readonly CachedType[]): TypeRegistry {
  const registry = new TypeRegistry();
  for (const entry of types) {
    if (typeof entry === 'function') registry.register(entry);
    else registry.register(entry.type, entry);
  }
  return registry;
}
