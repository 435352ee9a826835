import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CacheModule,
  CacheService,
  CacheStats,
  InvalidCacheOptionsError,
  InvalidKeyError,
  InvalidOptionError,
  LoadTimeoutError,
  NotACounterError,
  UnsupportedValueError,
} from '@nest-strata/cache';
import type { CacheModuleOptions } from '@nest-strata/cache';
import { RedisServer } from '@nest-strata/testing';

let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(async () => {
  await redis.stop();
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe.each<[string, () => CacheModuleOptions]>([
  ['memory', () => ({ namespace: 'service' })],
  ['Redis', () => ({ namespace: 'service', redis: { url: redis.url, deadline: '1s' }, memory: false })],
  ['memory over Redis', () => ({ namespace: 'service', redis: { url: redis.url, deadline: '1s' } })],
])('CacheService in %s', (_, optionsFor) => {
  let app: INestApplication;
  let cache: CacheService;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({ imports: [CacheModule.forRoot(optionsFor())] }).compile();
    app = testing.createNestApplication({ logger: false });
    await app.init();
    cache = app.get(CacheService);
  });

  beforeEach(async () => {
    await cache.clear();
    cache.resetStats();
  });

  afterAll(() => app.close());

  async function keysOf(glob?: string): Promise<string[]> {
    const keys = new Set<string>();
    for await (const key of cache.keys(glob)) keys.add(key);
    return [...keys].sort();
  }

  it('brings back what was set, until its time is over', async () => {
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.set('a', { n: 1 }, { ttl: '50ms' })).toEqual({ stored: true });
    expect(await cache.get('a')).toEqual({ n: 1 });
    await pause(60);
    expect(await cache.get('a')).toBeUndefined();
  });

  it('tells undefined from nothing', async () => {
    await cache.set('a', undefined);
    expect(await cache.lookup('a')).toMatchObject({ hit: true, value: undefined });
    expect(await cache.lookup('b')).toEqual({ hit: false, stale: false, value: undefined });
    expect([await cache.has('a'), await cache.has('b')]).toEqual([true, false]);
  });

  it('loads once for all who ask at the same time', async () => {
    let loads = 0;
    const load = async () => {
      await pause(10);
      return ++loads;
    };
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => cache.getOrSet('a', load))))).toEqual(
      new Set([1]),
    );
    expect(loads).toBe(1);
  });

  it('shares the error of a loader, and keeps nothing', async () => {
    const fail = () => Promise.reject(new Error('database'));
    const calls = await Promise.allSettled([cache.getOrSet('a', fail), cache.getOrSet('a', fail)]);
    expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await cache.getOrSet('a', () => 2)).toBe(2);
  });

  it('reads and loads many in order', async () => {
    await cache.setMany([
      ['a', 1],
      ['b', 2],
    ]);
    expect(await cache.getMany(['b', 'x', 'a', 'b'])).toEqual([2, undefined, 1, 2]);
    const asked: string[][] = [];
    const load = (keys: readonly string[]) => {
      asked.push([...keys]);
      return new Map([['x', 24]]);
    };
    expect(await cache.getOrSetMany(['x', 'a', 'y', 'x'], load)).toEqual([24, 1, undefined, 24]);
    expect(asked).toEqual([['x', 'y']]);
    expect((await cache.lookup('y')).hit).toBe(true);
  });

  it('sets only what is absent when asked to', async () => {
    expect(await cache.setIfAbsent('a', 1)).toEqual({ stored: true });
    expect(await cache.setIfAbsent('a', 2)).toEqual({ stored: false, reason: 'already-present' });
    expect(await cache.get('a')).toBe(1);
  });

  it('counts the time that is left, and gives more', async () => {
    await cache.set('a', 1, { ttl: '10s' });
    await cache.set('b', 1, { ttl: 'forever' });
    expect(await cache.ttl('a')).toBeGreaterThan(9000);
    expect(await cache.ttl('b')).toBe(Infinity);
    expect(await cache.ttl('c')).toBeUndefined();
    expect([await cache.touch('a', '1m'), await cache.touch('c', '1m')]).toEqual([true, false]);
    expect(await cache.ttl('a')).toBeGreaterThan(59_000);
    await cache.touch('a');
    expect(await cache.ttl('a')).toBeGreaterThan(3_599_000);
  });

  it('counts up and down', async () => {
    await cache.delete('n');
    expect([await cache.increment('n'), await cache.increment('n', 5), await cache.increment('n', -2)]).toEqual([
      1, 6, 4,
    ]);
    await cache.set('text', 'x');
    await expect(cache.increment('text')).rejects.toThrow(NotACounterError);
    await cache.delete('n');
  });

  it('evicts by key, keys, tag and pattern, and all', async () => {
    const fill = () =>
      cache.setMany(
        ['a:1', 'a:2', 'b:1'].map((key) => [key, key]),
        { tags: ['t'] },
      );
    await fill();
    expect(await cache.delete('a:1')).toEqual({ confirmed: true, count: 1 });
    expect(await cache.deleteMany(['a:1', 'a:2'])).toEqual({ confirmed: true, count: 1 });
    expect(await keysOf()).toEqual(['b:1']);
    await fill();
    expect(await cache.deleteByPattern('a:*')).toEqual({ confirmed: true, count: 2 });
    expect(await keysOf()).toEqual(['b:1']);
    expect(await cache.deleteByTag('t')).toEqual({ confirmed: true, count: 1 });
    expect(await keysOf()).toEqual([]);
    await fill();
    expect(await keysOf('a:?')).toEqual(['a:1', 'a:2']);
    expect(await cache.clear()).toEqual({ confirmed: true, count: 0 });
    expect(await cache.getMany(['a:1', 'a:2', 'b:1'])).toEqual([undefined, undefined, undefined]);
  });

  it('keeps what was expired as a fallback for a loader that fails', async () => {
    await cache.set('a', 1);
    expect(await cache.expire('a')).toEqual({ confirmed: true, count: 1 });
    expect(await cache.lookup('a')).toMatchObject({ hit: false, stale: true, value: 1 });
    const fail = () => Promise.reject(new Error('database'));
    expect(await cache.getOrSet('a', fail, { retryAfter: '0ms' })).toBe(1);
    expect(await cache.getOrSet('a', () => 2)).toBe(2);
  });

  it('serves a copy within its grace for a second after a load that failed, before it tries again', async () => {
    await cache.set('a', 1, { ttl: '1ms', grace: '1m' });
    await pause(5);
    let loads = 0;
    const fail = () => {
      loads++;
      return Promise.reject(new Error('database'));
    };
    expect([await cache.getOrSet('a', fail), await cache.getOrSet('a', fail)]).toEqual([1, 1]);
    expect(loads).toBe(1);
    expect(await cache.getOrSet('a', () => 2, { forceRefresh: true })).toBe(2);
  });

  it('serves a stale value at once while one load renews it', async () => {
    await cache.set('a', 1, { ttl: '1ms', staleWhileRevalidate: '1m' });
    await pause(5);
    const options = { staleWhileRevalidate: '1m' } as const;
    expect(await cache.getOrSet('a', () => 2, options)).toBe(1);
    while ((await cache.get('a')) !== 2) await pause(1);
    expect(cache.stats()).toMatchObject({ loads: 1, refreshes: 1, staleHits: 1 });
  });

  it('gives the fallback for a load that failed, and stores nothing', async () => {
    const fail = () => Promise.reject<number>(new Error('database'));
    expect(await cache.getOrSet('a', fail, { fallback: (error) => (error as Error).message.length })).toBe(8);
    expect(await cache.has('a')).toBe(false);
  });

  it('lets nobody wait for longer than the hard timeout, and stores what comes late', async () => {
    const load = async () => {
      await pause(60);
      return 1;
    };
    await expect(cache.getOrSet('a', load, { hardTimeout: '10ms' })).rejects.toThrow(LoadTimeoutError);
    while ((await cache.get('a')) !== 1) await pause(5);
  });

  it('replaces only what is there', async () => {
    expect(await cache.replace('a', 1)).toEqual({ stored: false, reason: 'absent' });
    await cache.set('a', 1);
    expect(await cache.replace('a', 2)).toEqual({ stored: true });
    expect(await cache.get('a')).toBe(2);
  });

  it('refuses values with a lower version than what is there, or was deleted', async () => {
    expect(await cache.set('a', 'new', { version: 7 })).toEqual({ stored: true });
    expect(await cache.set('a', 'old', { version: 6 })).toEqual({ stored: false, reason: 'older-version' });
    expect(await cache.get('a')).toBe('new');
    expect(await cache.delete('a', { version: 6 })).toEqual({ confirmed: true, count: 0 });
    expect(await cache.get('a')).toBe('new');
    expect(await cache.delete('a', { version: 8 })).toEqual({ confirmed: true, count: 1 });
    expect(await cache.set('a', 'old', { version: 7 })).toEqual({ stored: false, reason: 'older-version' });
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.set('a', 'newest', { version: 9 })).toEqual({ stored: true });
    expect(await cache.get('a')).toBe('newest');
  });

  it('counts hits and misses, until it starts anew', async () => {
    await cache.set('a', 1);
    await cache.get('a');
    await cache.get('b');
    const stats = cache.stats();
    expect(stats).toBeInstanceOf(CacheStats);
    expect(stats).toMatchObject({ hits: 1, misses: 1, sets: 1, hitRate: 0.5 });
    cache.resetStats();
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 0, sets: 0, hitRate: 0 });
    expect(stats.hits).toBe(1);
  });

  it('rejects keys, values and options that are none', async () => {
    await expect(cache.get('')).rejects.toThrow(InvalidKeyError);
    await expect(cache.set('a', () => 1)).rejects.toThrow(UnsupportedValueError);
    await expect(cache.set('a', 1, { ttl: 5 as never })).rejects.toThrow(/5 is not a duration.*'5ms' or '5s'/);
    await expect(cache.set('a', 1, { colour: 'red' } as never)).rejects.toThrow(InvalidOptionError);
    await expect(cache.delete('a', { version: -1 })).rejects.toThrow(/version: -1 given; write a whole number/);
  });
});

describe('a namespace', () => {
  let cache: CacheService;

  beforeEach(async () => {
    const options = { ttl: '1m', memory: { maxEntries: 5, values: 'shared' } } as const;
    const testing = await Test.createTestingModule({ imports: [CacheModule.forRoot(options)] }).compile();
    cache = testing.get(CacheService);
  });

  it('is the same cache whenever it is named', () => {
    const heroes = cache.namespace('heroes', { ttl: '5s' });
    expect(cache.namespace('heroes')).toBe(heroes);
    expect(cache.namespace('heroes', { ttl: '5s' })).toBe(heroes);
    expect([...cache.namespaces]).toEqual([['heroes', heroes]]);
  });

  it('is refused with other options than it was made with', () => {
    cache.namespace('heroes', { ttl: '5s' });
    expect(() => cache.namespace('heroes', { ttl: '6s' })).toThrow(InvalidOptionError);
  });

  it('is apart from the cache around and from namespaces inside', async () => {
    const inner = cache.namespace('a').namespace('b');
    await inner.set('k', 1);
    expect(await cache.has('k')).toBe(false);
    expect(await cache.namespace('a').has('k')).toBe(false);
    expect(inner.name).toBe('default.a.b');
  });

  it('has the options of the cache around where it has none of its own', async () => {
    const value = { n: 1 };
    const inner = cache.namespace('a', { memory: { maxEntries: 1 } }).namespace('b');
    await inner.setMany([
      ['x', value],
      ['y', value],
    ]);
    expect(inner.memoryUse.entryCount).toBe(1);
    expect(await inner.get('y')).toBe(value);
    expect(await inner.ttl('y')).toBeLessThanOrEqual(60_000);
  });

  it.each<[object, RegExp]>([
    [{ ttl: 5 }, /caches\.heroes\.ttl: 5 is a bare number/],
    [{ codec: 'json' }, /caches\.heroes\.codec: unknown option; the options here are ttl, jitter, memory/],
    [{ memory: false }, /caches\.heroes\.memory: given false without redis/],
  ])('is refused with wrong options: %j', (options, message) => {
    expect(() => cache.namespace('heroes', options as never)).toThrow(InvalidCacheOptionsError);
    expect(() => cache.namespace('heroes', options as never)).toThrow(message);
    expect(cache.namespaces.size).toBe(0);
  });
});
