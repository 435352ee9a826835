import { inspect } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultProxy, RedisServer } from '@nest-strata/testing';
import { RedisAuthError, RedisUnavailableError, type RedisState } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis } from './clients.js';
import { timed } from './timed.js';

const PASSWORD = 'p@ss/w%rd:#?';

describe.each(IOREDIS_VERSIONS)('logging in over %s', (_name, Client) => {
  afterEach(closeAll);

  it('takes the password from the url or the option, special characters included', async () => {
    await using server = await RedisServer.start({ password: PASSWORD });
    for (const options of [{ url: server.url }, { url: `redis://127.0.0.1:${server.port}`, password: PASSWORD }]) {
      const redis = openRedis(Client, { ...options, deadline: '1s' });
      await redis.connect();
      await expect(redis.send('PING', [])).resolves.toEqual(Buffer.from('PONG'));
    }
  });

  it.each([
    ['wrong', 'redis://:s3cret@127.0.0.1', /does not accept the user name or the password \(WRONGPASS /],
    ['missing', 'redis://127.0.0.1', /wants a password and was given none \(NOAUTH /],
  ])('says what to check when the password is %s', async (_case, url, message) => {
    await using server = await RedisServer.start({ password: PASSWORD });
    const redis = openRedis(Client, { url: `${url}:${server.port}`, deadline: '1s' });
    const states: [RedisState, Error | undefined][] = [];
    redis.onStateChange((state, reason) => states.push([state, reason]));

    await expect(redis.connect()).rejects.toThrow(RedisAuthError);
    expect(redis.state).toBe('connecting');
    expect(redis.reason?.message).toMatch(message);
    const { error } = await timed(redis.read(['key']));
    expect(error).toBeInstanceOf(RedisUnavailableError);
    expect(error).toMatchObject({ reason: 'not-connected', message: expect.stringMatching(message) });
    expect(inspect([error, redis.reason, redis], { depth: 10, showHidden: true })).not.toMatch(/s3cret/);

    await sleep(300);
    expect(states).toEqual([['connecting', expect.any(RedisAuthError)]]);
  });

  it('goes in once the password is right, without hammering until then', async () => {
    await using server = await RedisServer.start({ password: 'old' });
    await using proxy = await FaultProxy.start(server);
    const redis = openRedis(Client, { url: proxy.urlOf(`redis://:new@127.0.0.1:${server.port}`), deadline: '1s' });
    await expect(redis.connect()).rejects.toThrow(RedisAuthError);
    await sleep(700);
    expect(proxy.acceptedCount).toBeLessThan(10);
    const admin = openRedis(Client, { url: server.url, deadline: '1s' });
    await admin.send('CONFIG', ['SET', 'requirepass', 'new']);
    await eventually(() => redis.state === 'ready');
    await expect(redis.read(['key'])).resolves.toEqual([null]);
  });

  it('works for a user who may do little more than read', async () => {
    await using server = await RedisServer.start({ args: ['--user', 'app', 'on', '>pw', '~app:*', '+get', '+mget'] });
    const redis = openRedis(Client, { url: `redis://app:pw@127.0.0.1:${server.port}`, deadline: '1s' });
    await redis.connect();
    await expect(redis.read(['app:1'])).resolves.toEqual([null]);
    await expect(redis.send('PING', [])).rejects.toMatchObject({ replyCode: 'NOPERM' });
    await expect(redis.read(['other:1'])).rejects.toMatchObject({ replyCode: 'NOPERM' });
  });

  it('uses the database of the url', async () => {
    await using server = await RedisServer.start();
    const redis = openRedis(Client, { url: `${server.url}/5`, deadline: '1s' });
    await redis.send('SET', ['key', 'value']);
    expect(String(await redis.send('INFO', ['keyspace']))).toContain('db5:keys=1');
  });

  it('never writes to another database than the one asked for', async () => {
    await using server = await RedisServer.start();
    const redis = openRedis(Client, { url: `${server.url}/99`, deadline: '1s' });
    const outcomes = await Promise.allSettled([redis.send('SET', ['key', 'value']), redis.connect(1_000)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        reason: { code: 'REDIS_UNAVAILABLE', message: 'Redis is not connected: ERR DB index is out of range' },
      });
    }
    const admin = openRedis(Client, { url: server.url, deadline: '1s' });
    await expect(admin.send('DBSIZE', [])).resolves.toBe(0);
  });
});
