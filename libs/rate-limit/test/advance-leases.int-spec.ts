import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedis, type RedisPort } from '@nest-strata/redis';
import { ChaosRedisPort, FakeClock, RedisServer } from '@nest-strata/testing';
import { RateLimiter } from '../src/limiter/rate-limiter.js';
import type { RateLimiterOptions } from '../src/limiter/rate-limiter-options.js';
import type { LimitPolicy } from '../src/policy/limit-policy.js';

const HUNDRED: LimitPolicy = { name: 'hundred', algorithm: 'token-bucket', capacity: 100, refill: 1, every: '1d' };
const USER = { subject: 'user:42' };
const ALWAYS = { size: 10, hotPerSecond: 0 } as const;

let server: RedisServer;
let port: RedisPort;
let redis: ChaosRedisPort;
let calls: number;
let clock: FakeClock;

beforeAll(async () => {
  server = await RedisServer.start();
  port = createRedis({ url: server.url, deadline: '5s' });
  await port.connect();
});
afterAll(async () => {
  await port.close();
  await server.stop();
});
beforeEach(() => {
  calls = 0;
  clock = new FakeClock();
  redis = new ChaosRedisPort(port);
  redis.onCall = () => {
    calls++;
  };
});
afterEach(async () => {
  await port.send('FLUSHALL', []);
});

function create(options: Partial<RateLimiterOptions> = {}): RateLimiter {
  return RateLimiter.create({ namespace: 'app', policies: [HUNDRED], advance: ALWAYS, ...options }, { redis, clock });
}
const usedBy = async (limiter: RateLimiter) => (await limiter.status(USER)).policies[0]?.used;

describe('RateLimiter that takes in advance', () => {
  it('asks Redis once for ten requests, and tells how the subject stands after each', async () => {
    const limiter = create();
    const results = [];
    for (let count = 0; count < 10; count++) results.push(await limiter.consume(USER));
    expect(calls).toBe(1);
    expect(results.map(({ policies }) => policies[0]?.used)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(results.every(({ policies }) => policies[0]?.source === 'lease')).toBe(true);
    await limiter.close();
  });

  it('asks once for those of one moment', async () => {
    const limiter = create();
    const results = await Promise.all(Array.from({ length: 10 }, () => limiter.consume(USER)));
    expect(results.every(({ isAllowed }) => isAllowed)).toBe(true);
    expect(calls).toBe(1);
    await limiter.close();
  });

  it('never admits more than the limit, with several processes at work', async () => {
    const limiters = [create(), create(), create()];
    let admitted = 0;
    for (let round = 0; round < 60; round++) {
      const results = await Promise.all(limiters.map((limiter) => limiter.consume(USER)));
      admitted += results.filter(({ isAllowed }) => isAllowed).length;
    }
    expect(admitted).toBe(100);
    await Promise.all(limiters.map((limiter) => limiter.close()));
  });

  it('takes one where there is less left than it would take in advance', async () => {
    const limiter = create();
    await limiter.consume({ ...USER, cost: 95 });
    const results = [];
    for (let count = 0; count < 6; count++) results.push(await limiter.consume(USER));
    expect(results.map(({ isAllowed }) => isAllowed)).toEqual([true, true, true, true, true, false]);
    await limiter.close();
  });

  it('gives back what nobody asked for: at its end, at the next request after its time, and with a reset', async () => {
    const limiter = create();
    await limiter.consume(USER);
    expect(await usedBy(limiter)).toBe(10);
    clock.advance(1_000);
    await limiter.consume(USER);
    expect(await usedBy(limiter)).toBe(11);
    await limiter.close();
    const other = create();
    expect(await usedBy(other)).toBe(2);
    await other.consume(USER);
    await other.reset('user:42');
    expect(await usedBy(other)).toBe(0);
    await other.consume(USER);
    await other.close();
    expect(await usedBy(create())).toBe(1);
  });

  it('gives back what subjects left behind that do not ask any more', async () => {
    const limiter = create();
    await limiter.consume(USER);
    clock.advance(1_000);
    await limiter.consume({ subject: 'user:43' });
    expect(await usedBy(limiter)).toBe(1);
    await limiter.close();
  });

  it('gives out nothing after the window for which it was taken', async () => {
    const window: LimitPolicy = { name: 'w', algorithm: 'fixed-window', limit: 100, window: '1d', anchor: 'subject' };
    const limiter = create({ policies: [window], advance: { ...ALWAYS, for: '10d' } });
    await limiter.consume(USER);
    expect(calls).toBe(1);
    clock.advance(86_400_000);
    await limiter.consume(USER);
    expect(calls).toBeGreaterThan(1);
    await limiter.close();
  });

  it('begins with the subjects that ask often', async () => {
    const limiter = create({ advance: { size: 10, hotPerSecond: 5 } });
    for (let count = 0; count < 5; count++) await limiter.consume(USER);
    expect(calls).toBe(5);
    for (let count = 0; count < 10; count++) await limiter.consume(USER);
    expect(calls).toBe(6);
    await limiter.consume({ subject: 'user:43' });
    expect(calls).toBe(7);
    await limiter.close();
  });

  it('asks for each request of another cost, of a queue, of places and of shadows', async () => {
    const policies: LimitPolicy[] = [
      HUNDRED,
      { name: 'queue', algorithm: 'leaky-queue', limit: 10, window: '1s', maxWait: '1h' },
      { name: 'places', algorithm: 'concurrency', limit: 100 },
      { ...HUNDRED, name: 'shadow', mode: 'shadow' },
    ];
    const limiter = create({ policies });
    for (const { name } of policies.slice(1)) {
      await limiter.consume({ ...USER, policies: [name] });
      await limiter.consume({ ...USER, policies: [name] });
    }
    await limiter.consume({ ...USER, policies: ['hundred'], cost: 2 });
    await limiter.consume({ ...USER, policies: ['hundred'], cost: 2 });
    expect(calls).toBe(8);
    await limiter.close();
  });

  it('decides as the policy says while Redis is away', async () => {
    const limiter = create({ policies: [{ ...HUNDRED, whenAway: 'closed' }] });
    redis.disturb({ refuse: 1 });
    expect(await limiter.consume(USER)).toMatchObject({ isAllowed: false, isDegraded: true });
    redis.disturb({});
    await limiter.close();
  });
});
