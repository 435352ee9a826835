import { StrataError } from '@nest-strata/core';

/** One thing that is wrong with the options; never contains the secret that was given. */
export interface RedisOptionProblem {
  /** The option's path: `url`, `breaker.failures`. */
  readonly path: string;
  /** What was given and what to write instead. */
  readonly message: string;
}

/** The Redis options cannot be used; lists everything that is wrong with them. */
export class InvalidRedisOptionsError extends StrataError {
  readonly code = 'INVALID_REDIS_OPTIONS';

  constructor(readonly problems: readonly RedisOptionProblem[]) {
    super(`The Redis options are not valid:${problems.map(({ path, message }) => `\n- ${path}: ${message}`).join('')}`);
  }
}
