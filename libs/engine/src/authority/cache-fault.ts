import { RedisReplyError, RedisUnavailableError } from '@nest-strata/redis';

/**
 * Whether an error is a fault of the cache, which callers never get to see, and not a mistake of theirs, such as an empty
 * key, which they must.
 */
export function isCacheFault(error: unknown): boolean {
  return error instanceof RedisUnavailableError || error instanceof RedisReplyError;
}
