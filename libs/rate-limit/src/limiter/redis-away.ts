import { RedisReplyError, RedisUnavailableError, type RedisUnavailableReason } from '@nest-strata/redis';

const SENT: readonly RedisUnavailableReason[] = ['deadline', 'connection-lost'];

/** Whether Redis does not answer, or cannot do what it is asked (out of memory, read only): nothing the caller can mend. */
export function isRedisAway(error: unknown): boolean {
  return error instanceof RedisUnavailableError || error instanceof RedisReplyError;
}

/** Whether Redis may have done what it was asked, though it did not say so. */
export function mayBeDone(error: unknown): boolean {
  return error instanceof RedisUnavailableError && SENT.includes(error.reason);
}
