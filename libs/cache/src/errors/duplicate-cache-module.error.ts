import { StrataError } from '@nest-strata/core';

/** `CacheModule.forRoot` or `forRootAsync` is imported twice into one application. */
export class DuplicateCacheModuleError extends StrataError {
  readonly code = 'DUPLICATE_CACHE_MODULE';

  constructor() {
    super(
      'CacheModule.forRoot is imported twice. Import it once, in the root module; declare further caches with ' +
        'CacheModule.forFeature([{ cache: … }]).',
    );
  }
}
