import { StrataError } from '@nest-strata/core';

/** Redis answered a command with an error, and so did nothing: out of memory, wrong type, no permission, … */
export class RedisReplyError extends StrataError {
  readonly code = 'REDIS_REPLY_ERROR';

  /** The first word of the reply, which Redis keeps stable: `OOM`, `WRONGTYPE`, `NOPERM`, `READONLY`, `ERR`, … */
  readonly replyCode: string;

  constructor(
    /** The command's name without its arguments, which may be private. */
    readonly command: string,
    /** What Redis said, word for word. */
    readonly reply: string,
  ) {
    super(`Redis refused ${command}: ${reply}`);
    this.replyCode = reply.split(' ', 1).join('');
  }
}
