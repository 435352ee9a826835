import { describe, expect, it } from '@jest/globals';
import { RedisReplyError } from '../errors/redis-reply.error.js';
import { isRefusal } from './refusal.js';

describe('isRefusal', () => {
  it.each([
    "NOPERM this user has no permissions to run the 'client|tracking' command",
    'NOPERM this user has no permissions to access one of the channels used as arguments',
    "ERR unknown command 'CLIENT', with args beginning with: 'TRACKING' 'ON'",
    "ERR unknown subcommand 'TRACKING'. Try CLIENT HELP.",
    "ERR Unknown subcommand or wrong number of arguments for 'TRACKING'. Try CLIENT HELP",
    "ERR unsupported command 'CLIENT'",
    "unsupported command 'client'",
    'ERR this command is disabled',
    'ERR command is not allowed',
    'ERR syntax error',
  ])('believes %s', (reply) => {
    expect(isRefusal(new RedisReplyError('CLIENT', reply))).toBe(true);
  });

  it.each([
    'LOADING Redis is loading the dataset in memory',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    'MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to no.',
    'ERR The client ID you want redirect to does not exist',
    'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk. Commands that may modify the data set are disabled',
    'WRONGPASS invalid username-password pair or user is disabled.',
    'OOM command not allowed when used memory > maxmemory.',
    'ERR upstream failure',
  ])('hopes that this passes: %s', (reply) => {
    expect(isRefusal(new RedisReplyError('CLIENT', reply))).toBe(false);
  });

  it('takes no other error for one', () => {
    expect(isRefusal(new Error('unknown'))).toBe(false);
  });
});
