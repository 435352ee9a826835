import { StrataError } from '@nest-strata/core';

/** A repository of `CacheModule.forFeature` cannot be cached: it is not there, or not for the life of the application. */
export class UncacheableRepositoryError extends StrataError {
  readonly code = 'UNCACHEABLE_REPOSITORY';

  constructor(
    readonly repository: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${repository} cannot be cached: ${problem}`, options);
  }
}
