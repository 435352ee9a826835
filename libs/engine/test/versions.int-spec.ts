import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine } from '@nest-strata/engine';
import type { LoadContext } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import { engineOptions, NO_MEMORY } from './engine-options.js';

let server: RedisServer;
let redis: RedisPort;
let here: CacheEngine;
let there: CacheEngine;
let name: string;
let namespaces = 0;

beforeAll(async () => {
  server = await RedisServer.start();
  redis = createRedis({ url: server.url, deadline: '2s' });
  await redis.connect();
});

afterAll(async () => {
  await redis.close();
  await server.stop();
});

beforeEach(() => {
  name = `test-${String(namespaces++)}`;
  here = CacheEngine.create(engineOptions({ namespace: [name], memory: NO_MEMORY }), { redis });
  there = CacheEngine.create(engineOptions({ namespace: [name], memory: NO_MEMORY }), { redis });
});

const record = (tag: string) => `strata:${name}:t:${tag}`;
const clearRecord = () => `strata:${name}:c`;
const pttl = async (key: string) => Number(await redis.send('PTTL', [key]));

describe('two processes on one Redis', () => {
  it('see each other’s writes and evictions', async () => {
    await here.set('a', 1, { tags: ['t'] });
    expect(await there.get('a')).toBe(1);
    await there.deleteByTag('t');
    expect(await here.get('a')).toBeUndefined();
    await here.set('a', 2);
    await there.clear();
    expect(await here.get('a')).toBeUndefined();
    await here.increment('n', 5);
    await there.clear();
    expect(await here.increment('n', 1)).toBe(1);
  });

  it('are at most one second behind in memory', async () => {
    const remembering = CacheEngine.create(engineOptions({ namespace: [name], memoryTtlMs: 100 }), { redis });
    await remembering.set('a', 'old');
    await there.set('a', 'new');
    expect(await remembering.get('a')).toBe('old');
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await remembering.get('a')).toBe('new');
  });

  it('are as little behind with what memory has from Redis', async () => {
    const remembering = CacheEngine.create(engineOptions({ namespace: [name], memoryTtlMs: 100 }), { redis });
    await there.set('a', 'old');
    expect(await remembering.get('a')).toBe('old');
    await there.set('a', 'new');
    expect(await remembering.get('a')).toBe('old');
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(await remembering.get('a')).toBe('new');
  });

  it('keep in memory what Redis has, no longer than Redis has it', async () => {
    const remembering = CacheEngine.create(engineOptions({ namespace: [name], memoryTtlMs: 1_000 }), { redis });
    await there.set('a', 1, { ttl: '80ms' });
    expect(await remembering.get('a')).toBe(1);
    expect(await remembering.lookup('a')).toMatchObject({ tier: 'memory' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await remembering.get('a')).toBeUndefined();
  });

  it.each<[string, (cache: CacheEngine) => Promise<unknown>]>([
    ['a tag', (cache) => cache.deleteByTag('t')],
    ['the whole cache', (cache) => cache.clear()],
  ])('serve no value whose load began before the other invalidated %s', async (_, invalidate) => {
    await here.getOrSet(
      'a',
      async () => {
        await invalidate(there);
        return 'old';
      },
      { tags: ['t'] },
    );
    expect(await here.get('a')).toBeUndefined();
    expect(await there.get('a')).toBeUndefined();
  });

  it('serve no value whose derived tag was invalidated during its load', async () => {
    const tagged = (value: string, meanwhile?: () => Promise<unknown>) => async (context: LoadContext) => {
      context.tags.push('derived');
      await meanwhile?.();
      return value;
    };
    await here.getOrSet('b', tagged('makes the record'));
    await here.getOrSet(
      'a',
      tagged('old', () => there.deleteByTag('derived')),
    );
    expect(await there.get('a')).toBeUndefined();
    await here.getOrSet('a', tagged('new'));
    expect(await there.get('a')).toBe('new');
  });
});

describe('a lost record', () => {
  it.each([
    ['of a tag', () => record('t')],
    ['of the cache', clearRecord],
  ])('%s makes its entries misses, and does not bring them back when it is made again', async (_, key) => {
    await here.set('a', 'old', { tags: ['t'] });
    await redis.send('DEL', [key()]);
    expect(await here.get('a')).toBeUndefined();
    await here.set('b', 'new', { tags: ['t'] });
    expect(await here.get('b')).toBe('new');
    expect(await here.get('a')).toBeUndefined();
  });

  it('makes an invalidation of it a matter of course', async () => {
    expect(await here.deleteByTag('never used')).toEqual({ confirmed: true, count: 1 });
    expect(await here.clear()).toEqual({ confirmed: true, count: 0 });
    expect(Number(await redis.send('EXISTS', [record('never used'), clearRecord()]))).toBe(0);
  });
});

describe('a record', () => {
  it('lives twice as long as the entry, and grows with it', async () => {
    await here.set('a', 1, { tags: ['t'], ttl: '10s' });
    expect(await pttl(record('t'))).toBeGreaterThan(19_000);
    await here.set('b', 1, { tags: ['t'], ttl: '12s' });
    expect(await pttl(record('t'))).toBeLessThanOrEqual(20_000);
    await here.touch('a', '1h');
    expect(await pttl(record('t'))).toBeGreaterThan(7_000_000);
    await here.getOrSet('c', (context) => ((context.ttl = 'forever'), 1), { tags: ['t'] });
    expect(await pttl(record('t'))).toBe(-1);
    await here.set('d', 1, { tags: ['t'], ttl: '10s' });
    expect(await pttl(record('t'))).toBe(-1);
  });

  it('keeps its time when it is invalidated', async () => {
    await here.set('a', 1, { tags: ['t'], ttl: '10s' });
    await here.deleteByTag('t');
    expect(await pttl(record('t'))).toBeGreaterThan(19_000);
  });

  it('has a version that grows even if the server’s clock steps back', async () => {
    await here.set('a', 1, { tags: ['t'] });
    const future = '000fffffffffff00';
    await redis.send('SET', [record('t'), future]);
    await here.deleteByTag('t');
    expect(String(await redis.send('GET', [record('t')])) > future).toBe(true);
  });
});

describe('trips to Redis', () => {
  const calls = async (command: string) => {
    const stats = String(await redis.send('INFO', ['commandstats']));
    return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  };

  it('are one for 64 reads at once, with the record of the cache', async () => {
    await here.setMany(Array.from({ length: 64 }, (_, index) => [`k${String(index)}`, index]));
    const before = [await calls('get'), await calls('mget')];
    const values = await Promise.all(Array.from({ length: 64 }, (_, index) => here.get(`k${String(index)}`)));
    expect(values).toEqual(Array.from({ length: 64 }, (_, index) => index));
    expect([await calls('get'), await calls('mget')]).toEqual([before[0], (before[1] ?? 0) + 1]);
  });

  it('are one for a tagged hit when the call names its tags, else two', async () => {
    await here.set('a', 1, { tags: ['t'] });
    const before = await calls('mget');
    await here.getOrSet('a', () => 2, { tags: ['t'] });
    expect(await calls('mget')).toBe(before + 1);
    await here.get('a');
    expect(await calls('mget')).toBe(before + 3);
  });
});

it('never undoes a write that came in between when it prolongs or expires', async () => {
  await here.set('a', 'old');
  await Promise.all([here.expire('a'), there.set('a', 'new'), here.touch('a', '1h')]);
  const value = await here.get('a');
  expect([undefined, 'new']).toContain(value);
});

describe('writes of one tick', () => {
  const scriptCalls = async () => {
    const stats = String(await redis.send('INFO', ['commandstats']));
    const calls = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g)].map(([, count]) => Number(count));
    return calls.reduce((sum, count) => sum + count, 0);
  };

  it('ask together for the versions that they carry', async () => {
    await here.set('first', 0, { tags: ['t'] });
    const before = await scriptCalls();
    const keys = Array.from({ length: 20 }, (_, index) => `key ${String(index)}`);
    await Promise.all(keys.map((key) => here.set(key, key, { tags: ['t'] })));
    expect((await scriptCalls()) - before).toBe(2);
    expect(await there.getMany(keys)).toEqual(keys);
  });

  it.each(['deleteByTag', 'clear'] as const)(
    'are valid when they follow a %s, and not when it follows them',
    async (act) => {
      const before = here.set('before', 1, { tags: ['t'] });
      await Promise.resolve();
      const eviction = act === 'clear' ? here.clear() : here.deleteByTag('t');
      const after = here.set('after', 2, { tags: ['t'] });
      await Promise.all([before, eviction, after]);
      expect(await there.getMany(['before', 'after'])).toEqual([undefined, 2]);
    },
  );
});
