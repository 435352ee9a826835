import { RedisReplyError } from '../errors/redis-reply.error.js';

const REFUSAL = /^NOPERM\b|unknown|unsupported|not (supported|allowed|permitted)|disabled|syntax error/i;

/**
 * Whether the server says that it never does this: it does not know the command, or the user may not use it. Any other
 * error (`LOADING`, a proxy that has lost its server) may pass; to take it for a refusal would leave this process on the
 * bus while all others track and publish nothing.
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof RedisReplyError && REFUSAL.test(error.reply);
}
