import { StrataError } from '@nest-strata/core';

/** Two declarations of one application give a cache the same name. */
export class DuplicateCacheError extends StrataError {
  readonly code = 'DUPLICATE_CACHE';

  constructor(readonly cache: string) {
    super(
      `The cache '${cache}' is declared twice. Declare it once, in the caches of CacheModule.forRoot or in one ` +
        `CacheModule.forFeature, and inject it elsewhere with @InjectCache('${cache}').`,
    );
  }
}
