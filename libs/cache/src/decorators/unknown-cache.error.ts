import { StrataError } from '@nest-strata/core';
import { nearestNames } from '../options/nearest-names.js';

/** A decorator names a cache that the application does not have. */
export class UnknownCacheError extends StrataError {
  readonly code = 'UNKNOWN_CACHE';

  /** @param place the decorator and its method, as in `@Cacheable on HeroService.find` */
  constructor(
    readonly place: string,
    readonly cacheName: string,
    known: readonly string[],
  ) {
    super(`${place} names the cache ${JSON.stringify(cacheName)}, which does not exist. ${advice(cacheName, known)}`);
  }
}

function advice(given: string, known: readonly string[]): string {
  const [nearest] = nearestNames(given, known);
  if (nearest !== undefined) return `Did you mean '${nearest}'?`;
  if (known.length > 0) return `There are ${known.map((name) => `'${name}'`).join(', ')}.`;
  return `There are no named caches: write CacheModule.forRoot({ caches: { ${JSON.stringify(given)}: {} } }).`;
}
