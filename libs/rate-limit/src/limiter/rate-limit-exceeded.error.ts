import { StrataError } from '@nest-strata/core';
import type { RateLimitResult } from './rate-limit-result.js';

/** A limit denies the request; nothing was taken from any. */
export class RateLimitExceededError extends StrataError {
  readonly code = 'RATE_LIMIT_EXCEEDED';
  /** After which time the same request passes if nobody else takes anything; `Infinity`: never. */
  readonly retryAfterMs: number;

  constructor(readonly result: RateLimitResult) {
    const names = result.policies.filter(({ isAllowed }) => !isAllowed).map(({ policy }) => policy);
    const why = result.isBlocked ? 'the subject is blocked' : `denied by ${names.join(', ')}`;
    const when =
      result.retryAfterMs === Infinity
        ? 'it costs more than is ever given at once'
        : `try again in ${Math.ceil(result.retryAfterMs)} ms`;
    super(`The request is over its limit (${why}): ${when}.`);
    this.retryAfterMs = result.retryAfterMs;
  }
}
