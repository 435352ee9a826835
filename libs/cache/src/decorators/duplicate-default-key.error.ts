import { StrataError } from '@nest-strata/core';

/** Two methods would make the same default keys, so that one would be served what the other has returned. */
export class DuplicateDefaultKeyError extends StrataError {
  readonly code = 'DUPLICATE_DEFAULT_KEY';

  /** @param stem what the keys of both begin with, as in `HeroService.find` */
  constructor(readonly stem: string) {
    super(
      `Two different methods cache under the default keys "${stem}:…". Give the class of one of them a name of its own ` +
        `with @CacheConfig({ keyPrefix: '…' }), or the method a key.`,
    );
  }
}
