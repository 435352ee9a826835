import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { eventually, FakeClock, RedisServer } from '@nest-strata/testing';
import { ServerClock } from '../src/tiers/server-clock.js';

let server: RedisServer;
let redis: RedisPort;
let clock: FakeClock;
let serverClock: ServerClock;

beforeEach(async () => {
  server = await RedisServer.start();
  redis = createRedis({ url: server.url, deadline: '1s', breaker: { failures: 1, openFor: '50ms' } });
  await redis.connect();
  clock = new FakeClock();
  serverClock = new ServerClock(redis, clock);
});

afterEach(async () => {
  await redis.close();
  await server.stop();
});

const timeCalls = async () => {
  const stats = String(await redis.send('INFO', ['commandstats']));
  return Number(/cmdstat_time:calls=(\d+)/.exec(stats)?.[1] ?? 0);
};

describe('ServerClock', () => {
  it('translates between the server’s time and that of the process', async () => {
    await serverClock.sync();
    expect(Math.abs(clock.monotonicMs() + serverClock.offsetMs - Date.now())).toBeLessThan(1_000);
  });

  it('compares once for many who need it, and may then be used at once', async () => {
    await Promise.all([serverClock.sync(), serverClock.sync()]);
    expect(serverClock.sync()).toBeUndefined();
    expect(await timeCalls()).toBe(1);
  });

  it('compares again after ten seconds, without letting anybody wait', async () => {
    await serverClock.sync();
    clock.advance(10_000);
    expect(serverClock.sync()).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await timeCalls()).toBe(2);
  });

  it('goes on with the old comparison when a new one fails', async () => {
    await serverClock.sync();
    const before = serverClock.offsetMs;
    server.pause();
    clock.advance(10_000);
    expect(serverClock.sync()).toBeUndefined();
    expect(serverClock.offsetMs).toBe(before);
    server.resume();
  });

  it('must compare anew once the connection was another', async () => {
    await serverClock.sync();
    await server.kill();
    await redis.read(['any']).catch(() => undefined);
    await server.restart();
    await eventually(() => redis.state === 'ready');
    expect(serverClock.sync()).toBeInstanceOf(Promise);
    await serverClock.sync();
  });

  it('tells who waits for the first comparison that Redis is away', async () => {
    await server.kill();
    await expect(Promise.resolve(serverClock.sync())).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });
});
