import { StrataError } from '@nest-strata/core';

/**
 * Why Redis did not answer: `deadline` no reply in time; `breaker-open` it failed too often just now and is left alone
 * for a moment; `not-connected` there is no connection; `connection-lost` it broke before the reply; `closed` by us.
 */
export type RedisUnavailableReason = 'deadline' | 'breaker-open' | 'not-connected' | 'connection-lost' | 'closed';

const WHAT_HAPPENED: Readonly<Record<RedisUnavailableReason, string>> = {
  deadline: 'Redis did not answer in time',
  'breaker-open': 'Redis failed several times in a row and is not asked again for a moment',
  'not-connected': 'Redis is not connected',
  'connection-lost': 'The connection to Redis was lost before it answered',
  closed: 'The connection to Redis has been closed',
};

/**
 * Redis gave no answer. After `deadline` and `connection-lost` the command may or may not have been carried out; after
 * the other reasons it was never sent.
 */
export class RedisUnavailableError extends StrataError {
  readonly code = 'REDIS_UNAVAILABLE';

  constructor(
    readonly reason: RedisUnavailableReason,
    /** What is known beyond the reason, for the message. */
    readonly detail?: string,
    options?: ErrorOptions,
  ) {
    super(`${WHAT_HAPPENED[reason]}${detail === undefined ? '' : `: ${detail}`}`, options);
  }
}
