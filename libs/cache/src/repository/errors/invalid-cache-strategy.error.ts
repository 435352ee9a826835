import { StrataError } from '@nest-strata/core';

/** A strategy cannot be used for its repository. Lists everything that is wrong with it, not just the first. */
export class InvalidCacheStrategyError extends StrataError {
  readonly code = 'INVALID_CACHE_STRATEGY';

  constructor(
    readonly strategy: string,
    readonly problems: readonly string[],
  ) {
    super(`${strategy} cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}
