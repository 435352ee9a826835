import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { InvalidRedisOptionsError } from '../errors/invalid-redis-options.error.js';
import type { RedisEndpoint } from './redis-url.js';
import { resolveRedisOptions, type RedisOptions } from './redis.options.js';

const URL = 'redis://localhost';

function problemsOf(options: unknown): { path: string; message: string }[] {
  try {
    resolveRedisOptions(options as RedisOptions);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidRedisOptionsError)) throw error;
    return [...error.problems];
  }
}

describe('resolveRedisOptions', () => {
  it('fills in the defaults', () => {
    expect(resolveRedisOptions({ url: URL })).toEqual({
      source: { host: 'localhost', port: 6379, database: 0, tls: false },
      connections: 1,
      deadlineMs: 50,
      socketTimeoutMs: 1_000,
      breaker: { failures: 5, openForMs: 200 },
      name: 'strata',
    });
  });

  it('takes every option', () => {
    const resolved = resolveRedisOptions({
      url: 'redis://a:b@localhost',
      username: 'user',
      password: 'pass',
      connections: 4,
      deadline: '20ms',
      socketTimeout: '2s',
      breaker: { failures: 1, openFor: '1s' },
      name: 'app:1',
    });
    expect(resolved).toMatchObject({
      source: { username: 'user' },
      connections: 4,
      deadlineMs: 20,
      socketTimeoutMs: 2_000,
      breaker: { failures: 1, openForMs: 1_000 },
      name: 'app:1',
    });
    const { password } = resolved.source as RedisEndpoint;
    expect(password?.reveal()).toBe('pass');
  });

  it('is frozen and prints without secrets', () => {
    const resolved = resolveRedisOptions({ url: 'redis://:s3cret@localhost' });
    for (const part of [resolved, resolved.source, resolved.breaker]) expect(Object.isFrozen(part)).toBe(true);
    expect(inspect(resolved, { depth: 10, showHidden: true }) + JSON.stringify(resolved)).not.toContain('s3cret');
  });

  it("takes a user's own client", () => {
    const client = new Redis({ lazyConnect: true });
    expect(resolveRedisOptions({ client }).source).toEqual({ client });
  });

  it.each([
    [{}, 'url', /^is missing\. Give a url such as/],
    [{ url: 5 }, 'url', /^is missing/],
    [{ url: 'localhost' }, 'url', /^must begin with redis:\/\//],
    [{ url: URL, connections: 0 }, 'connections', /^is 0\. Give a whole number from 1 to 64$/],
    [{ url: URL, connections: 1.5 }, 'connections', /^is 1\.5\./],
    [{ url: URL, connections: '2' }, 'connections', /^is "2"\./],
    [{ url: URL, connections: 65 }, 'connections', /^is 65\./],
    [{ url: URL, deadline: 50 }, 'deadline', /^is 50\. Give a duration from '1ms' to '10m'/],
    [{ url: URL, deadline: '0ms' }, 'deadline', /^is "0ms"/],
    [{ url: URL, deadline: 'forever' }, 'deadline', /^is "forever"/],
    [{ url: URL, deadline: {} }, 'deadline', /^is of type object/],
    [{ url: URL, socketTimeout: '11m' }, 'socketTimeout', /^is "11m"/],
    [{ url: URL, breaker: { failures: 0 } }, 'breaker.failures', /^is 0\./],
    [{ url: URL, breaker: { openFor: 'x' } }, 'breaker.openFor', /^is "x"/],
    [{ url: URL, breaker: { openFr: '1s' } }, 'breaker.openFr', /^is not an option\. .* failures, openFor$/],
    [{ url: URL, name: 'two words' }, 'name', /^is "two words"/],
    [{ url: URL, sentinel: {} }, 'sentinel', /^is not an option\. The options are url, client/],
    [{ client: {} }, 'client', /^is not a client of ioredis/],
    [{ client: null }, 'client', /^is not a client of ioredis/],
    [{ client: new Cluster([], { lazyConnect: true }) }, 'client', /^is a cluster client/],
  ])('refuses %j', (options, path, message) => {
    expect(problemsOf(options)).toEqual([{ path, message: expect.stringMatching(message) }]);
  });

  it('refuses a client together with a url or credentials', () => {
    const client = new Redis({ lazyConnect: true });
    expect(problemsOf({ client, url: URL, username: 'a', password: 's3cret' }).map(({ path }) => path)).toEqual([
      'url',
      'username',
      'password',
    ]);
  });

  it('names everything that is wrong in one error, without the secrets', () => {
    const attempt = () =>
      resolveRedisOptions({ url: 'redis://:s3/cret@host', password: 's3cret', connections: -1, name: '' });
    expect(attempt).toThrow(/^The Redis options are not valid:\n- url: .*\n- connections: .*\n- name: .*$/);
    expect(attempt).not.toThrow('cret');
  });
});
