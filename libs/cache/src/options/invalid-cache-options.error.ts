import { StrataError } from '@nest-strata/core';

/** One thing that is wrong with the options of the cache. */
export interface OptionProblem {
  /** Where it is, such as `memory.maxEntries`. */
  readonly path: string;
  /** What was given and what to write instead. */
  readonly message: string;
}

/** Options of a cache cannot be used. Lists everything that is wrong with them, not just the first. */
export class InvalidCacheOptionsError extends StrataError {
  readonly code = 'INVALID_CACHE_OPTIONS';

  constructor(readonly problems: readonly OptionProblem[]) {
    super(
      `${problems.length === 1 ? 'An option of the cache is' : `${problems.length} options of the cache are`} wrong:\n` +
        problems.map(({ path, message }) => `  - ${path}: ${message}`).join('\n'),
    );
  }
}
