import { StrataError } from '@nest-strata/core';

/** Redis wants a password, or another one than it was given. Connecting is retried, in case it changes. */
export class RedisAuthError extends StrataError {
  readonly code = 'REDIS_AUTH';

  constructor(
    /** What Redis said, word for word. */
    readonly reply: string,
  ) {
    super(
      reply.startsWith('NOAUTH')
        ? `Redis wants a password and was given none (${reply}). Put it in the url, redis://user:password@host, or in the password option.`
        : `Redis does not accept the user name or the password (${reply}). Check the credentials in the url or in the username and password options; special characters in the url must be percent-encoded.`,
    );
  }
}
