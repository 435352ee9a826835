import { RedisReplyError } from '../errors/redis-reply.error.js';

const REFUSAL = /unknown|unsupported|not (supported|allowed|permitted)|disabled|syntax error/i;

/** What a reply begins with, other than `ERR`, where it has a meaning that Redis keeps stable. */
const CODE = /^(?!ERR\b)[A-Z]+\b/;

/**
 * Whether the server says that it never does this: it does not know the command, or the user may not use it. Any other
 * error (`LOADING`, `MISCONF`, a proxy that has lost its server) may pass; to take it for a refusal would leave this
 * process on the bus while all others track and publish nothing.
 */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof RedisReplyError)) return false;
  return error.replyCode === 'NOPERM' || (!CODE.test(error.reply) && REFUSAL.test(error.reply));
}
