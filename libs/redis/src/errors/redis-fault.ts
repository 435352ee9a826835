import { StrataError } from '@nest-strata/core';
import { RedisAuthError } from './redis-auth.error.js';
import { RedisReplyError } from './redis-reply.error.js';
import { RedisUnavailableError, type RedisUnavailableReason } from './redis-unavailable.error.js';

const CREDENTIALS_REFUSED = /^(NOAUTH|WRONGPASS|ERR invalid password|ERR AUTH)/;

/** Whether this is Redis' own answer; anything else that a client rejects with means that no answer came. */
export function isReply(error: unknown): error is Error {
  return hasMessage(error) && error.name === 'ReplyError';
}

/** The error for a command's caller, from what the client rejected it with. */
export function toCommandError(
  error: unknown,
  command: string,
  reasonIfLost: RedisUnavailableReason,
): RedisReplyError | RedisUnavailableError {
  return isReply(error)
    ? new RedisReplyError(command, error.message)
    : new RedisUnavailableError(reasonIfLost, undefined, { cause: withoutCommand(error) });
}

/** The error that says why there is no connection, from what the client reported. */
export function toConnectionError(error: unknown): StrataError {
  if (isReply(error)) return toRefusal(error.message);
  if (error instanceof StrataError) return error;
  return new RedisUnavailableError('not-connected', describeFault(error), { cause: withoutCommand(error) });
}

/** The error that says why a server that can be reached does not serve us, from what it replied. */
export function toRefusal(reply: string): RedisAuthError | RedisUnavailableError {
  return CREDENTIALS_REFUSED.test(reply)
    ? new RedisAuthError(reply)
    : new RedisUnavailableError('not-connected', reply);
}

/**
 * The error to keep as a cause. Errors of ioredis carry the command with all its arguments: values, and in the case of
 * `AUTH` the password. Those are replaced; errors of the socket stay as they are.
 */
function withoutCommand(error: unknown): unknown {
  return hasMessage(error) && 'command' in error ? new Error(error.message) : error;
}

/** What went wrong, in words. Node's error for a host with several addresses has no message, only a code. */
export function describeFault(error: unknown): string {
  if (!hasMessage(error)) return String(error);
  return error.message || ('code' in error ? String(error.code) : error.name);
}

/** By its shape: an error of another realm is no `instanceof Error`. */
function hasMessage(error: unknown): error is Error {
  return typeof error === 'object' && error !== null && 'message' in error;
}
