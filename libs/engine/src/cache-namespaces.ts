import type { CacheOverrides } from './options/cache-options.js';
import { InvalidOptionError } from './options/invalid-option.error.js';

/** The caches inside a cache, one for each name. */
export class CacheNamespaces<T> {
  readonly #made = new Map<string, { readonly cache: T; readonly overrides: string }>();

  /**
   * The cache `name`, which is made the first time.
   *
   * @throws InvalidOptionError when it was made with other overrides before
   */
  take(name: string, overrides: CacheOverrides | undefined, make: () => T): T {
    const known = this.#made.get(name);
    const asText = JSON.stringify(overrides ?? {});
    if (known === undefined) {
      const cache = make();
      this.#made.set(name, { cache, overrides: asText });
      return cache;
    }
    if (overrides !== undefined && asText !== known.overrides) {
      throw new InvalidOptionError('overrides', `namespace "${name}" was made with others; give them in one place`);
    }
    return known.cache;
  }

  all(): T[] {
    return [...this.#made.values()].map(({ cache }) => cache);
  }
}
