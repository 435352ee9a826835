import { RedisReplyError } from '../errors/redis-reply.error.js';

const STILL_SERVES = /^(NOPERM|MISCONF|ERR unknown command)/;

/**
 * Whether what `PING` was rejected with shows that the server is there and serves reads all the same: it forbids or does
 * not know `PING`, or cannot save its data, of which it tells `PING` as it does any write.
 */
export function isAnswerToPing(error: unknown): boolean {
  return error instanceof RedisReplyError && STILL_SERVES.test(error.reply);
}
