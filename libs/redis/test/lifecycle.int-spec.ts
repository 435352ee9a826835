import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SystemClock, SystemRandom } from '@nest-strata/core';
import { eventually, FaultProxy, freePort, RedisServer } from '@nest-strata/testing';
import { MissingIoredisError, resolveRedisOptions } from '../src/index.js';
import type { RedisState } from '../src/index.js';
import { IoredisPort } from '../src/ioredis.port.js';
import { closeAll, IOREDIS_VERSIONS, openRedis, openRedisOver } from './clients.js';
import { timed } from './timed.js';

/** The deadline, and what a busy machine adds. */
const AT_MOST_MS = 150 + 300;

describe.each(IOREDIS_VERSIONS)('starting over %s', (_name, Client) => {
  afterEach(closeAll);

  it('connects at the first call, which waits for it', async () => {
    await using server = await RedisServer.start();
    await using proxy = await FaultProxy.start(server);
    const redis = openRedis(Client, { url: proxy.urlOf(server.url), deadline: '1s' });
    expect(redis.state).toBe('connecting');
    await sleep(20);
    expect(proxy.acceptedCount).toBe(0);
    const first = redis.read(['a']);
    await Promise.resolve();
    const second = redis.send('SET', ['b', '1']);
    await sleep(0);
    const third = redis.read(['b']);
    await expect(Promise.all([first, second, third])).resolves.toEqual([[null], Buffer.from('OK'), [Buffer.from('1')]]);
    expect(redis.state).toBe('ready');
  });

  it('does not take the time that loading ioredis needs for a fault of Redis', async () => {
    await using server = await RedisServer.start();
    const redis = openRedisOver({ url: server.url, deadline: '150ms' }, async (profile) => {
      await sleep(300);
      return new Client({ ...profile, port: server.port });
    });
    const [first] = await Promise.all([timed(redis.read(['a'])), sleep(100).then(() => redis.read(['a']))]);
    expect(first).toMatchObject({ value: [null] });
  });

  it('refuses calls at once while there is no server, and finds it when it comes', async () => {
    const port = await freePort();
    const redis = openRedis(Client, { url: `redis://127.0.0.1:${port}`, deadline: '150ms' });
    const states: RedisState[] = [];
    redis.onStateChange((state) => states.push(state));

    const first = await timed(redis.read(['a']));
    expect(first.tookMs).toBeLessThan(AT_MOST_MS);
    expect(first.error).toMatchObject({
      reason: 'not-connected',
      message: `Redis is not connected: connect ECONNREFUSED 127.0.0.1:${port}`,
    });
    for (let call = 0; call < 100; call++) {
      const { tookMs, error } = await timed(redis.send('SET', ['a', '1']));
      expect(error).toMatchObject({ reason: 'not-connected' });
      expect(tookMs).toBeLessThan(20);
    }
    await expect(redis.connect(100)).rejects.toThrow('ECONNREFUSED');

    await using _server = await RedisServer.start({ port });
    await redis.connect();
    await expect(redis.read(['a'])).resolves.toEqual([null]);
    expect(states).toEqual(['connecting', 'ready']);
  });

  it('explains a host of several addresses none of which answers', async () => {
    const redis = openRedis(Client, { url: `redis://localhost:${await freePort()}`, deadline: '150ms' });
    await expect(redis.connect(300)).rejects.toThrow(/^Redis is not connected: .*ECONNREFUSED/);
  });

  it('bounds the first calls to a server that accepts and says nothing', async () => {
    await using server = await RedisServer.start();
    server.pause();
    const redis = openRedis(Client, { url: server.url, deadline: '150ms' });
    const calls = await Promise.all([timed(redis.read(['a'])), sleep(20).then(() => timed(redis.read(['b'])))]);
    for (const { tookMs, error } of calls) {
      expect(error).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
      expect(tookMs).toBeLessThan(AT_MOST_MS);
    }
    const { tookMs, error } = await timed(redis.read(['a']));
    expect(error).toMatchObject({ reason: 'not-connected' });
    expect(tookMs).toBeLessThan(20);
    server.resume();
    await redis.connect();
    await expect(redis.read(['a'])).resolves.toEqual([null]);
  });

  it('does not wait for ever for the login of a server that says nothing', async () => {
    await using server = await RedisServer.start({ password: 'pw' });
    await using proxy = await FaultProxy.start(server);
    server.pause();
    const redis = openRedis(Client, { url: proxy.urlOf(server.url), socketTimeout: '100ms', deadline: '150ms' });
    await expect(redis.connect(50)).rejects.toMatchObject({ reason: 'not-connected' });
    await eventually(() => proxy.acceptedCount >= 2);
    server.resume();
    await redis.connect();
  });

  it('waits while the server loads its data', async () => {
    await using server = await RedisServer.start({
      config: { 'key-load-delay': 1_000, 'loading-process-events-interval-bytes': 1_024, rdbcompression: 'no' },
    });
    const redis = openRedis(Client, { url: server.url, deadline: '1s' });
    const keys = Array.from({ length: 1_000 }, (_, index) => [`key:${index}`, 'x'.repeat(1_024)]).flat();
    await redis.send('MSET', keys);
    await redis.send('SAVE', []);
    await server.kill();
    const restarted = server.restart();
    await eventually(() => redis.reason?.message.includes('LOADING') === true);
    await expect(redis.read(['key:1'])).rejects.toThrow(/^Redis is not connected: LOADING/);
    await restarted;
    await redis.connect();
    await expect(redis.send('DBSIZE', [])).resolves.toBe(1_000);
  });
});

describe('without ioredis', () => {
  const missing = () => {
    const dependencies = { clock: new SystemClock(), random: new SystemRandom() };
    const openClient = () => Promise.reject(new MissingIoredisError());
    return new IoredisPort(resolveRedisOptions({ url: 'redis://localhost' }), { ...dependencies, openClient });
  };

  it('says what to install, to who connects and to every caller', async () => {
    const redis = missing();
    await expect(redis.read(['a'])).rejects.toMatchObject({
      reason: 'not-connected',
      message: expect.stringContaining('npm install ioredis'),
    });
    await expect(redis.connect()).rejects.toThrow(MissingIoredisError);
    await redis.close();
  });
});

describe.each(IOREDIS_VERSIONS)('closing over %s', (_name, Client) => {
  afterEach(closeAll);

  it('lets what was asked before be answered, and refuses what comes after', async () => {
    await using server = await RedisServer.start();
    const redis = openRedis(Client, { url: server.url, deadline: '150ms' });
    await redis.connect();
    const calls = Promise.all([redis.send('SET', ['a', '1']), redis.read(['a'])]);
    const closed = redis.close();
    expect(redis.state).toBe('closed');
    await expect(calls).resolves.toEqual([Buffer.from('OK'), [Buffer.from('1')]]);
    await expect(redis.read(['a'])).rejects.toMatchObject({ reason: 'closed' });
    await expect(redis.connect()).rejects.toMatchObject({ reason: 'closed' });
    expect(redis.close()).toBe(closed);
    await closed;
  });

  it('tells that it closed, once, as the last news', async () => {
    await using server = await RedisServer.start();
    const redis = openRedis(Client, { url: server.url, deadline: '150ms' });
    await redis.connect();
    const states: RedisState[] = [];
    redis.onStateChange((state) => states.push(state));
    await redis.close();
    expect(states).toEqual(['closed']);
  });

  it('ends connections, timers and sockets', async () => {
    await using server = await RedisServer.start();
    const before = resources();
    const redis = openRedis(Client, { url: server.url, connections: 4, deadline: '150ms' });
    await redis.connect();
    await Promise.all(Array.from({ length: 20 }, () => redis.send('PING', [])));
    await redis.close();
    await eventually(() => resources().length <= before.length);
    const admin = openRedis(Client, { url: server.url, name: 'admin', deadline: '1s' });
    expect(
      String(await admin.send('CLIENT', ['LIST']))
        .trim()
        .split('\n'),
    ).toHaveLength(1);
  });

  it('does not wait for a frozen server', async () => {
    await using server = await RedisServer.start();
    const redis = openRedis(Client, { url: server.url, deadline: '150ms' });
    await redis.connect();
    const before = resources();
    server.pause();
    const call = timed(redis.read(['a']));
    const { tookMs } = await timed(redis.close());
    expect(tookMs).toBeLessThan(AT_MOST_MS + 200);
    expect((await call).error).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await eventually(() => resources().length < before.length);
    server.resume();
  });

  it('can be done before the first use, while connecting and while the server is away', async () => {
    await using server = await RedisServer.start();
    const before = resources();
    const unused = openRedis(Client, { url: server.url, deadline: '150ms' });
    await unused.close();
    await expect(unused.read(['a'])).rejects.toMatchObject({ reason: 'closed' });

    const connecting = openRedis(Client, { url: server.url, deadline: '150ms' });
    const call = timed(connecting.read(['a']));
    await connecting.close();
    expect((await call).error).toMatchObject({ reason: 'closed' });

    const away = openRedis(Client, { url: `redis://127.0.0.1:${await freePort()}`, deadline: '150ms' });
    await away.connect(20).catch(() => undefined);
    const { tookMs } = await timed(away.close());
    expect(tookMs).toBeLessThan(AT_MOST_MS);
    await eventually(() => resources().length <= before.length);
  });

  it('ends a wait for the connection', async () => {
    const redis = openRedis(Client, { url: `redis://127.0.0.1:${await freePort()}`, deadline: '150ms' });
    const connected = redis.connect();
    setTimeout(() => void redis.close(), 20);
    await expect(connected).rejects.toMatchObject({ reason: 'closed' });
  });
});

/** Sockets and timers that keep the process alive. */
function resources(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'Timeout');
}
