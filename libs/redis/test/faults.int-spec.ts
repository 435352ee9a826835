import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, FaultProxy, RedisServer } from '@nest-strata/testing';
import { RedisUnavailableError } from '../src/index.js';
import type { RedisPort, RedisState } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis, openRedisOver } from './clients.js';
import { timed } from './timed.js';

/** The deadline, and what a busy machine adds. */
const AT_MOST_MS = 150 + 300;

describe.each(IOREDIS_VERSIONS)('faults over %s', (_name, Client) => {
  let server: RedisServer;
  let proxy: FaultProxy;
  let redis: RedisPort;
  let states: [RedisState, string | undefined][];

  beforeEach(async () => {
    server = await RedisServer.start();
    proxy = await FaultProxy.start(server);
    redis = openRedis(Client, { url: proxy.urlOf(server.url), deadline: '150ms', socketTimeout: '300ms' });
    await redis.connect();
    states = [];
    redis.onStateChange((state, reason) => states.push([state, reason?.message]));
  });
  afterEach(async () => {
    await closeAll();
    await proxy.stop();
    await server.stop();
  });

  /** Reads every 2 ms for `forMs`, as many callers would, and tells what came of each read. */
  async function load(forMs: number): Promise<{ tookMs: number; error?: unknown }[]> {
    const reads = [];
    for (const endMs = performance.now() + forMs; performance.now() < endMs;) {
      reads.push(timed(redis.read(['key'])));
      await sleep(2);
    }
    return Promise.all(reads);
  }

  function expectBounded(outcomes: readonly { tookMs: number; error?: unknown }[]): void {
    for (const { tookMs, error } of outcomes) {
      expect(tookMs).toBeLessThan(AT_MOST_MS);
      expect(error ?? new RedisUnavailableError('deadline')).toBeInstanceOf(RedisUnavailableError);
    }
  }

  it('survives a killed server: no call waits, and it is found again', async () => {
    const loading = load(400);
    await sleep(50);
    await server.kill();
    const outcomes = await loading;
    expectBounded(outcomes);
    expect(outcomes.at(-1)?.error).toMatchObject({ reason: 'not-connected' });
    expect(redis.reason?.message).toMatch(/^Redis is not connected: (read ECONNRESET|the connection was closed)$/);
    await server.restart();
    await eventually(() => redis.state === 'ready');
    await expect(redis.read(['key'])).resolves.toEqual([null]);
    expect(states.map(([state]) => state)).toEqual(['connecting', 'ready']);
  });

  it('bounds every call to a frozen server, then sends nothing, and goes on when it thaws', async () => {
    server.pause();
    const outcomes = await load(400);
    expectBounded(outcomes);
    expect(outcomes[0]?.error).toMatchObject({ reason: 'deadline' });
    expect(outcomes.at(-1)?.error).toMatchObject({ reason: 'breaker-open' });
    expect(outcomes.at(-1)?.tookMs).toBeLessThan(20);
    expect(redis.state).toBe('breaker-open');
    server.resume();
    await eventually(() => redis.state === 'ready');
    const sent = Number(/cmdstat_get:calls=(\d+)/.exec(String(await redis.send('INFO', ['commandstats'])))?.[1]);
    const timedOut = outcomes.filter(({ error }) => (error as RedisUnavailableError).reason === 'deadline');
    expect(sent).toBe(timedOut.length);
    expect(states.map(([state]) => state)).toEqual(['breaker-open', 'ready']);
  });

  it('replaces a connection whose other end is gone without a word', async () => {
    proxy.blackhole();
    const outcomes = await load(800);
    expectBounded(outcomes);
    expect(states.map(([state]) => state)).toEqual(['breaker-open', 'connecting']);
    expect(states[1]?.[1]).toBe('Redis is not connected: nothing came from the server for 300 ms');
    proxy.heal();
    await eventually(() => redis.state === 'ready');
    await expect(redis.read(['key'])).resolves.toEqual([null]);
  });

  it('replaces a silent connection even if only one call was ever made over it', async () => {
    proxy.blackhole();
    await expect(redis.read(['key'])).rejects.toMatchObject({ reason: 'deadline' });
    proxy.heal();
    await eventually(() => proxy.acceptedCount === 2);
    await eventually(() => redis.state === 'ready');
  });

  it('keeps the connection to a server that answers, only late', async () => {
    proxy.delay(300);
    expectBounded(await load(1_000));
    expect(redis.state).toBe('breaker-open');
    expect(proxy.acceptedCount).toBe(1);
    proxy.heal();
    await eventually(() => redis.state === 'ready');
    expect(proxy.acceptedCount).toBe(1);
  });

  it('comes back at once after a broken connection', async () => {
    proxy.resetConnections();
    await eventually(() => redis.state === 'connecting');
    await eventually(() => redis.state === 'ready', 1_000);
    expect(states.map(([state]) => state)).toEqual(['connecting', 'ready']);
  });

  it('does not send again what was under way when the connection broke', async () => {
    proxy.delay(100);
    const increments = [redis.send('INCR', ['n']), redis.send('INCR', ['n'])].map((call) => timed(call));
    await sleep(10);
    proxy.heal();
    proxy.resetConnections();
    for (const { error } of await Promise.all(increments)) expect(error).toMatchObject({ reason: 'connection-lost' });
    await eventually(() => redis.state === 'ready');
    await expect(redis.send('GET', ['n'])).resolves.toEqual(Buffer.from('2'));
  });

  it('gives up on a command past its deadline though it may be carried out', async () => {
    proxy.delay(300);
    await expect(redis.send('INCR', ['n'])).rejects.toThrow('Redis did not answer in time: nothing within 150 ms');
    proxy.heal();
    await expect(redis.send('GET', ['n'])).resolves.toEqual(Buffer.from('1'));
  });

  it('reopens a connection that somebody has asked the server to close', async () => {
    await redis.send('QUIT', []);
    await eventually(() => states.length === 2);
    await expect(redis.read(['key'])).resolves.toEqual([null]);
  });

  it('does not let a listener that throws break anything', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    redis.onStateChange(() => {
      throw new Error('listener');
    });
    proxy.resetConnections();
    await eventually(() => states.length === 2);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('threw Error: listener'));
    warn.mockRestore();
    await expect(redis.read(['key'])).resolves.toEqual([null]);
  });

  it('tells a listener nothing more once it has stopped', async () => {
    let calls = 0;
    redis.onStateChange(() => calls++)();
    proxy.resetConnections();
    await eventually(() => states.length === 2);
    expect(calls).toBe(0);
  });
});

describe.each(IOREDIS_VERSIONS)('a busy process over %s', (_name, Client) => {
  afterEach(closeAll);

  // Without a proxy, which would live in this very process and be as blocked as the rest of it.
  it('takes no harm from its own blocked event loop', async () => {
    await using server = await RedisServer.start();
    const redis = openRedis(Client, { url: server.url, socketTimeout: '100ms' });
    await redis.connect();
    const states: RedisState[] = [];
    redis.onStateChange((state) => states.push(state));
    const outcomes = [];
    for (let round = 0; round < 5; round++) {
      const calls = [redis.read(['a']), redis.read(['b']), redis.send('SET', ['c', '1'])].map((call) => timed(call));
      process.nextTick(() => block(200));
      outcomes.push(...(await Promise.all(calls)));
    }
    expect(outcomes.map(({ error }) => error)).toEqual(outcomes.map(() => undefined));
    expect(Math.min(...outcomes.map(({ tookMs }) => tookMs))).toBeGreaterThan(190);
    expect(states).toEqual([]);
  });
});

describe.each(IOREDIS_VERSIONS)('a pool over %s', (_name, Client) => {
  afterEach(closeAll);

  it('goes on over the connections that are left', async () => {
    await using server = await RedisServer.start();
    const redis = openRedis(Client, { url: server.url, connections: 2, deadline: '150ms' });
    await redis.connect();
    const id = Number(await redis.send('CLIENT', ['ID']));
    await eventually(async () => Number(await redis.send('CLIENT', ['ID'])) !== id);
    const states: RedisState[] = [];
    redis.onStateChange((state) => states.push(state));
    await redis.send('CLIENT', ['KILL', 'ID', id]).catch(() => undefined);
    await Promise.all(Array.from({ length: 10 }, () => redis.read(['key'])));
    expect(states).toEqual([]);
  });

  it('gives a connection that owes an answer nothing more to do while there is another', async () => {
    await using server = await RedisServer.start();
    await using proxy = await FaultProxy.start(server);
    const ports = [proxy.port, server.port];
    const redis = openRedisOver(
      { url: server.url, connections: 2, deadline: '150ms' },
      async (profile) => new Client({ ...profile, port: ports.shift() }),
    );
    await redis.connect();
    const id = () => redis.send('CLIENT', ['ID']);
    await eventually(async () => (await id()) !== (await id()));
    proxy.blackhole();
    const outcomes = [];
    for (let call = 0; call < 20; call++) outcomes.push(await timed(redis.read(['key'])));
    expect(outcomes.filter(({ error }) => error !== undefined)).toHaveLength(1);
    expect(redis.state).toBe('ready');
  });

  it('opens one breaker for all connections to a frozen server', async () => {
    await using server = await RedisServer.start();
    const redis = openRedis(Client, {
      url: server.url,
      connections: 4,
      deadline: '150ms',
      breaker: { failures: 3, openFor: '10m' },
    });
    await redis.connect();
    await sleep(100);
    server.pause();
    for (let call = 0; call < 3; call++) {
      await expect(redis.read(['key'])).rejects.toMatchObject({ reason: 'deadline' });
    }
    await expect(redis.read(['key'])).rejects.toMatchObject({ reason: 'breaker-open' });
    server.resume();
  });
});

function block(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs;);
}
