import { StrataError } from '@nest-strata/core';

/** A loader asked its own cache for the key that it is loading; waiting for it would never end. */
export class RecursiveLoadError extends StrataError {
  readonly code = 'RECURSIVE_LOAD';

  constructor(
    readonly cache: string,
    readonly key: string,
  ) {
    super(
      `The loader of key ${JSON.stringify(key)} in cache "${cache}" asks that cache for the same key, directly or through ` +
        'another loader. Call the function that computes the value instead of the cached one.',
    );
  }
}
