import { StrataError } from '@nest-strata/core';

/** One environment variable that cannot be used. */
export interface EnvironmentProblem {
  readonly variable: string;
  /** What was given and what to write instead. */
  readonly message: string;
}

/** Environment variables of the cache cannot be used. Lists all of them, not just the first. */
export class InvalidCacheEnvironmentError extends StrataError {
  readonly code = 'INVALID_CACHE_ENVIRONMENT';

  constructor(readonly problems: readonly EnvironmentProblem[]) {
    super(
      `${problems.length === 1 ? 'An environment variable' : `${problems.length} environment variables`} of the cache cannot be used:\n` +
        problems.map(({ variable, message }) => `  - ${variable}: ${message}`).join('\n'),
    );
  }
}
