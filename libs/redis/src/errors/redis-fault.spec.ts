import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { MissingIoredisError } from './missing-ioredis.error.js';
import { toCommandError, toConnectionError } from './redis-fault.js';

/** As ioredis makes them. */
function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError', command: { name: 'auth', args: ['s3cret'] } });
}

describe('toCommandError', () => {
  it("keeps Redis' words, and nothing of the arguments", () => {
    const error = toCommandError(replyError('OOM command not allowed'), 'SET', 'connection-lost');
    expect(error).toMatchObject({ code: 'REDIS_REPLY_ERROR', replyCode: 'OOM', reply: 'OOM command not allowed' });
    expect(inspect(error, { depth: 10 })).not.toContain('s3cret');
  });

  it('tells a lost connection by its reason, without the command that was lost', () => {
    const lost = Object.assign(new Error('Command aborted'), { command: { name: 'set', args: ['key', 's3cret'] } });
    const error = toCommandError(lost, 'SET', 'closed');
    expect(error).toMatchObject({ code: 'REDIS_UNAVAILABLE', reason: 'closed', cause: { message: 'Command aborted' } });
    expect(inspect(error, { depth: 10 })).not.toContain('s3cret');
  });
});

describe('toConnectionError', () => {
  it.each([
    ['WRONGPASS invalid username-password pair', 'REDIS_AUTH'],
    ['NOAUTH Authentication required.', 'REDIS_AUTH'],
    ['ERR invalid password', 'REDIS_AUTH'],
    ['ERR AUTH <password> called without any password configured', 'REDIS_AUTH'],
    ['ERR DB index is out of range', 'REDIS_UNAVAILABLE'],
  ])('takes %j for %s', (reply, code) => {
    const error = toConnectionError(replyError(reply));
    expect(error).toMatchObject({ code, message: expect.stringContaining(reply) });
    expect(inspect(error, { depth: 10 })).not.toContain('s3cret');
  });

  it.each([
    [new Error('connect ECONNREFUSED'), 'connect ECONNREFUSED'],
    [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new TypeError(), 'TypeError'],
    ['text', 'text'],
  ])('describes %p', (given, detail) => {
    expect(toConnectionError(given)).toMatchObject({ reason: 'not-connected', detail, cause: given });
  });

  it('leaves an error alone that says it already', () => {
    const error = new MissingIoredisError();
    expect(toConnectionError(error)).toBe(error);
  });
});
