import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine } from '@nest-strata/engine';
import type { CacheEvent } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { eventually, RedisServer } from '@nest-strata/testing';
import { untilHeard } from './cache-processes.js';
import { engineOptions, NO_MEMORY } from './engine-options.js';

/** The deadline of 50 ms, and what a busy machine may add to it. */
const DEADLINE_MS = 50;
const SLACK_MS = 250;

let server: RedisServer;
let redis: RedisPort;
/** Has more time than the cache. */
let other: RedisPort;
let cache: CacheEngine;
let events: CacheEvent[];

beforeEach(async () => {
  server = await RedisServer.start();
  redis = createRedis({ url: server.url, deadline: `${DEADLINE_MS}ms` });
  await redis.connect();
  other = createRedis({ url: server.url, deadline: '2s' });
  cache = CacheEngine.create(engineOptions(), { redis });
  await untilHeard(cache);
  events = [];
  cache.listen((event) => events.push(event));
});

afterEach(async () => {
  await other.close();
  await redis.close();
  await server.stop();
});

async function timed<T>(call: () => Promise<T>): Promise<{ value: T; elapsedMs: number }> {
  const startedAtMs = performance.now();
  const value = await call();
  return { value, elapsedMs: performance.now() - startedAtMs };
}

describe.each([['killed', 'kill'] as const, ['hung', 'pause'] as const])('with Redis %s', (_, fault) => {
  const breakRedis = async () => server[fault]();

  it('loads within one deadline, and serves what it loaded from memory for a while', async () => {
    await breakRedis();
    const first = await timed(() => cache.getOrSet('a', () => 'loaded'));
    expect(first.value).toBe('loaded');
    expect(first.elapsedMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
    expect(await cache.get('a')).toBe('loaded');
    expect(events.map(({ type }) => type).filter((type) => type === 'degraded' || type === 'error')).not.toEqual([]);
  });

  it('rejects no call, and says what Redis did not confirm', async () => {
    await cache.set('old', 1, { tags: ['t'] });
    await breakRedis();
    const calls: [name: string, call: () => Promise<unknown>, expected: unknown][] = [
      ['get', () => cache.get('x'), undefined],
      ['getMany', () => cache.getMany(['x', 'y']), [undefined, undefined]],
      ['getOrSetMany', () => cache.getOrSetMany(['x'], () => new Map([['x', 1]])), [1]],
      ['set', () => cache.set('a', 1), { stored: false, reason: 'redis-unavailable' }],
      ['setIfAbsent', () => cache.setIfAbsent('a', 1), { stored: false, reason: 'redis-unavailable' }],
      ['touch', () => cache.touch('a', '1h'), false],
      ['increment', () => cache.increment('n'), undefined],
      ['delete', () => cache.delete('old'), { confirmed: false, count: 0 }],
      ['deleteByTag', () => cache.deleteByTag('t'), { confirmed: false, count: 0 }],
      ['deleteByPattern', () => cache.deleteByPattern('*'), { confirmed: false, count: 0 }],
      ['expire', () => cache.expire('a'), { confirmed: false, count: 0 }],
      ['clear', () => cache.clear(), { confirmed: false, count: 0 }],
    ];
    for (const [name, call, expected] of calls) {
      const { value, elapsedMs } = await timed(call);
      expect([name, value]).toEqual([name, expected]);
      expect(elapsedMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
    }
    for await (const key of cache.keys('*')) throw new Error(`${key} cannot be known`);
  });

  it('serves neither the old nor the new value from memory after a write that Redis did not confirm', async () => {
    await cache.set('a', 'old');
    await breakRedis();
    await cache.set('a', 'new');
    expect(await cache.get('a')).toBeUndefined();
  });

  it('serves no copy of what was evicted, whether Redis heard of it or not', async () => {
    await cache.set('a', 1, { tags: ['t'] });
    await cache.set('b', 1);
    await breakRedis();
    await cache.deleteByTag('t');
    await cache.delete('b');
    expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
  });
});

it('does not serve the older value from memory for one that is too large, though Redis hangs', async () => {
  const small = CacheEngine.create(
    engineOptions({ memoryTtlMs: 1_000, limits: { maxValueBytes: 100, maxKeyBytes: 1024 } }),
    { redis },
  );
  await small.set('a', 'small');
  const load = () => {
    server.pause();
    return 'x'.repeat(200);
  };
  expect(await small.getOrSet('a', load, { forceRefresh: true })).toHaveLength(200);
  expect(await small.get('a')).toBeUndefined();
});

it('waits for a hung Redis once per call, not once per trip', async () => {
  const slow = createRedis({ url: server.url, deadline: '400ms' });
  await slow.connect();
  const engine = CacheEngine.create(engineOptions({ memory: NO_MEMORY }), { redis: slow });
  await engine.set('a', 1);
  server.pause();
  const { value, elapsedMs } = await timed(() => engine.getOrSet('b', () => 'loaded'));
  expect(value).toBe('loaded');
  expect(elapsedMs).toBeLessThan(400 + SLACK_MS);
  server.resume();
  await slow.close();
});

it('tells once that Redis went away and once that it is back, and works again by itself', async () => {
  await server.kill();
  for (let call = 0; call < 20; call++) await cache.getOrSet(`k${String(call)}`, () => call);
  await server.restart();
  await eventually(async () => (await cache.set('a', 'after')).stored);
  expect(await cache.get('a')).toBe('after');
  const states = events.map(({ type }) => type).filter((type) => type === 'degraded' || type === 'recovered');
  expect(states).toEqual(['degraded', 'recovered']);
});

it('begins without Redis and heals when it comes', async () => {
  await server.kill();
  const late = createRedis({ url: server.url });
  const engine = CacheEngine.create(engineOptions({ memory: NO_MEMORY }), { redis: late });
  expect(await engine.getOrSet('a', () => 1)).toBe(1);
  await server.restart();
  await eventually(async () => (await engine.set('a', 2)).stored);
  expect(await engine.get('a')).toBe(2);
  await late.close();
});

it('says that Redis is full and goes on', async () => {
  await redis.send('CONFIG', ['SET', 'maxmemory', '1']);
  expect(await cache.set('a', 1)).toEqual({ stored: false, reason: 'redis-unavailable' });
  expect(await cache.getOrSet('b', () => 2)).toBe(2);
});

describe('what others wrote under a value key', () => {
  const valueKey = 'strata:test:v:a';

  it.each<[string, () => Promise<unknown>]>([
    ['text', () => other.send('SET', [valueKey, 'hello'])],
    ['nothing', () => other.send('SET', [valueKey, ''])],
    ['half an entry', async () => other.send('SETRANGE', [valueKey, 100, 'damaged'])],
    ['another type', async () => [await other.send('DEL', [valueKey]), await other.send('RPUSH', [valueKey, '1'])]],
    ['a number too long', () => other.send('SET', [valueKey, '12345678901234567'])],
    ['a counter that nobody made', () => other.send('SET', [valueKey, '12'])],
  ])('is a miss, and a load replaces it: %s', async (_, overwrite) => {
    const writer = CacheEngine.create(engineOptions(), { redis: other });
    await writer.set('a', 'x'.repeat(200));
    const reader = CacheEngine.create(engineOptions({ memory: NO_MEMORY }), { redis: other });
    await overwrite();
    expect(await reader.get('a')).toBeUndefined();
    expect(await reader.getOrSet('a', () => 'good')).toBe('good');
    expect(await reader.get('a')).toBe('good');
    expect(await reader.setIfAbsent('a', 'late')).toEqual({ stored: false, reason: 'already-present' });
  });

  it('is told as damage, once per read', async () => {
    await other.send('SET', [valueKey, 'hello']);
    await cache.get('a');
    const [event] = events.filter(({ type }) => type === 'error');
    expect(event).toMatchObject({ operation: 'decode', error: { code: 'DAMAGED_ENTRY', damage: 'foreign' } });
  });

  it('is a miss when it is the entry of another key', async () => {
    await cache.set('b', 'of b');
    await other.send('COPY', ['strata:test:v:b', valueKey]);
    expect(await cache.get('a')).toBeUndefined();
  });
});
