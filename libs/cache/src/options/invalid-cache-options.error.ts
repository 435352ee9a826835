import { StrataError } from '@nest-strata/core';

/** One thing that is wrong with the options of the cache. */
export interface OptionProblem {
  /** Where it is, such as `memory.maxEntries`. */
  readonly path: string;
  /** What was given and what to write instead. */
  readonly message: string;
}

/** The options given to CacheModule cannot be used. Lists everything that is wrong with them, not just the first. */
export class InvalidCacheOptionsError extends StrataError {
  readonly code = 'INVALID_CACHE_OPTIONS';

  constructor(readonly problems: readonly OptionProblem[]) {
    super(
      `CacheModule cannot start: ${problems.length === 1 ? 'an option is' : `${problems.length} options are`} wrong.\n` +
        problems.map(({ path, message }) => `  - ${path}: ${message}`).join('\n'),
    );
  }
}
