import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheEngine, LoadContext } from '@nest-strata/engine';
import { SkewedClock } from '@nest-strata/testing';
import { CacheProcesses } from './cache-processes.js';
import type { CacheProcess } from './cache-processes.js';
import { NO_MEMORY } from './engine-options.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;
let processes: CacheProcesses;
let hereProcess: CacheProcess;
let here: CacheEngine;
let there: CacheEngine;

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterAll(() => redis.stop());

beforeEach(async () => {
  processes = new CacheProcesses(redis);
  const cache = { memory: NO_MEMORY };
  const [first, second] = await Promise.all([processes.start({ cache }), processes.start({ cache })]);
  hereProcess = first;
  [here, there] = [first.engine, second.engine];
});

afterEach(() => processes.close());

const pttl = async (key: string) => Number(await redis.send('PTTL', [key]));

describe('two processes on one Redis', () => {
  it('see each other’s writes and evictions', async () => {
    await here.set('a', 1, { tags: ['t'] });
    expect(await there.get('a')).toBe(1);
    await there.deleteByTag('t');
    await processes.untilHeardBy(hereProcess);
    expect(await here.get('a')).toBeUndefined();
    await here.set('a', 2);
    await there.clear();
    await processes.untilHeardBy(hereProcess);
    expect(await here.get('a')).toBeUndefined();
    await here.increment('n', 5);
    await there.clear();
    await processes.untilHeardBy(hereProcess);
    expect(await here.increment('n', 1)).toBe(1);
  });

  it('count on after a clear that one of them has not heard of yet', async () => {
    await here.increment('n', 5);
    await processes.untilHeardBy(hereProcess);
    await here.increment('n', 5);
    hereProcess.redis.notifications.hold();
    await there.clear();
    expect(await there.increment('n', 100)).toBe(100);
    expect(await here.increment('n', 1)).toBe(101);
    hereProcess.redis.notifications.deliver();
    await processes.untilHeardBy(hereProcess);
    expect(await here.get('n')).toBe(101);
    expect(await here.increment('n', 1)).toBe(102);
  });

  it('count anew where the companion of a counter is ahead of the server’s clock, which was set back', async () => {
    await here.increment('n', 5);
    await redis.send('SET', [`strata:${processes.name}:n:{${processes.valueKey('n')}}`, '001fffffffffffff']);
    expect(await there.increment('n', 1)).toBe(1);
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
    ['of a tag', () => processes.tagKey('t')],
    ['of the cache', () => processes.clearKey],
  ])('%s makes its entries misses, and does not bring them back when it is made again', async (_, key) => {
    await here.set('a', 'old', { tags: ['t'] });
    await redis.send('DEL', [key()]);
    await processes.untilHeardBy(hereProcess);
    expect(await here.get('a')).toBeUndefined();
    await here.set('b', 'new', { tags: ['t'] });
    expect(await here.get('b')).toBe('new');
    expect(await here.get('a')).toBeUndefined();
  });

  it('makes an invalidation of it a matter of course', async () => {
    expect(await here.deleteByTag('never used')).toEqual({ confirmed: true, count: 1 });
    expect(await here.clear()).toEqual({ confirmed: true, count: 0 });
    expect(Number(await redis.send('EXISTS', [processes.tagKey('never used'), processes.clearKey]))).toBe(0);
  });
});

describe('a record', () => {
  it('lives twice as long as the entry, and grows with it', async () => {
    await here.set('a', 1, { tags: ['t'], ttl: '10s' });
    expect(await pttl(processes.tagKey('t'))).toBeGreaterThan(19_000);
    await here.set('b', 1, { tags: ['t'], ttl: '12s' });
    expect(await pttl(processes.tagKey('t'))).toBeLessThanOrEqual(20_000);
    await here.touch('a', '1h');
    expect(await pttl(processes.tagKey('t'))).toBeGreaterThan(7_000_000);
    await here.getOrSet('c', (context) => ((context.ttl = 'forever'), 1), { tags: ['t'] });
    expect(await pttl(processes.tagKey('t'))).toBe(-1);
    await here.set('d', 1, { tags: ['t'], ttl: '10s' });
    expect(await pttl(processes.tagKey('t'))).toBe(-1);
  });

  it('lives twice as long as the entry with its grace', async () => {
    await here.set('a', 1, { tags: ['t'], ttl: '10s', grace: '90s' });
    expect(await pttl(processes.tagKey('t'))).toBeGreaterThan(190_000);
    expect(await pttl(processes.clearKey)).toBeGreaterThan(190_000);
  });

  it('outlives an entry that is renewed, also where its tag was derived', async () => {
    const load = (context: LoadContext) => {
      if (context.stale !== undefined) return context.notModified();
      context.tags.push('derived');
      return 1;
    };
    await here.getOrSet('makes the record', load, { ttl: '1s', grace: '1m' });
    await here.getOrSet('a', load, { ttl: '1s', grace: '1m' });
    await here.expire('a');
    await here.getOrSet('a', load, { ttl: '1h', grace: '1m' });
    expect(await here.get('a')).toBe(1);
    expect(await pttl(processes.tagKey('derived'))).toBeGreaterThan(3_600_000);
  });

  it('keeps its time when it is invalidated', async () => {
    await here.set('a', 1, { tags: ['t'], ttl: '10s' });
    await here.deleteByTag('t');
    expect(await pttl(processes.tagKey('t'))).toBeGreaterThan(19_000);
  });

  it('has a version that grows even if the server’s clock steps back', async () => {
    await here.set('a', 1, { tags: ['t'] });
    const future = '000fffffffffff00';
    await redis.send('SET', [processes.tagKey('t'), future]);
    await here.deleteByTag('t');
    expect(String(await redis.send('GET', [processes.tagKey('t')])) > future).toBe(true);
  });
});

describe('once the versions are known, trips to Redis', () => {
  beforeEach(async () => {
    await here.set('a', 1, { tags: ['t', 'u'] });
    await processes.untilHeardBy(hereProcess);
    await here.getOrSet('a', () => 2);
    hereProcess.sent.forget();
  });

  /** What was sent for the call, and in how many trips. */
  const sentFor = async (call: () => Promise<unknown>) => {
    hereProcess.sent.forget();
    await call();
    return { calls: hereProcess.sent.calls, trips: hereProcess.sent.tripCount };
  };

  it('are one for a hit, of one GET', async () => {
    expect(await sentFor(() => here.get('a'))).toEqual({ calls: ['GET 1'], trips: 1 });
    expect(await sentFor(() => here.getMany(['a', 'b', 'c']))).toEqual({ calls: ['GET 3'], trips: 1 });
  });

  it('are one for 64 reads at once', async () => {
    const { trips } = await sentFor(() => Promise.all(Array.from({ length: 64 }, () => here.get('a'))));
    expect(trips).toBe(1);
  });

  it('are one for a set, and one for many', async () => {
    expect(await sentFor(() => here.set('a', 3, { tags: ['t'] }))).toEqual({ calls: ['SET', 'DEL'], trips: 1 });
    const entries = Array.from({ length: 20 }, (_, index): [string, number] => [`k${String(index)}`, index]);
    const { calls, trips } = await sentFor(() => here.setMany(entries));
    expect([calls.filter((call) => call === 'DEL').length, calls.length, trips]).toEqual([1, 21, 1]);
  });

  it('are three for a miss that is loaded: a read, the claim, the value', async () => {
    const { calls, trips } = await sentFor(() => here.getOrSet('b', () => 'loaded', { tags: ['t'] }));
    expect(calls).toEqual(['GET 1', 'TIME', 'SET', 'GET', 'GETRANGE', 'fill-value']);
    expect(trips).toBe(3);
  });

  it('are three for a batch of misses', async () => {
    const load = (keys: readonly string[]) => new Map(keys.map((key) => [key, key]));
    expect((await sentFor(() => here.getOrSetMany(['b', 'c', 'd'], load))).trips).toBe(3);
  });

  it('are one for each eviction', async () => {
    expect(await sentFor(() => here.delete('a'))).toEqual({ calls: ['UNLINK', 'UNLINK'], trips: 1 });
    expect((await sentFor(() => here.deleteByTag('t', 'u'))).trips).toBe(1);
    expect((await sentFor(() => here.clear())).trips).toBe(1);
  });
});

describe('while a version is not known, trips to Redis', () => {
  beforeEach(async () => {
    await there.set('a', 1, { tags: ['t'] });
    await processes.untilHeardBy(hereProcess);
    await here.get('missing');
    hereProcess.sent.forget();
  });

  it('are one for a tagged hit when the call names its tags', async () => {
    expect(await here.getOrSet('a', () => 2, { tags: ['t'] })).toBe(1);
    expect(hereProcess.sent.calls).toEqual(['GET 2']);
  });

  it('are two when it does not, once', async () => {
    expect(await here.get('a')).toBe(1);
    expect(hereProcess.sent.calls).toEqual(['GET 1', 'GET 1']);
    expect(await here.get('a')).toBe(1);
    expect(hereProcess.sent.calls).toEqual(['GET 1', 'GET 1', 'GET 1']);
  });
});

it('never undoes a write that came in between when it prolongs or expires', async () => {
  await here.set('a', 'old');
  await Promise.all([here.expire('a'), there.set('a', 'new'), here.touch('a', '1h')]);
  const value = await here.get('a');
  expect([undefined, 'new']).toContain(value);
});

it('asks once for the versions of a write, however long the process runs', async () => {
  // Here a moment and the hour added to it differ in the size of their last bit.
  const clock = new SkewedClock({ offsetMs: 700_000.1 });
  const cache = { memory: NO_MEMORY, coherence: 'none' as const };
  const { engine, redis: port, sent } = await processes.start({ cache, clock, isUnheard: true });
  await port.connect();
  for (let index = 0; index < 50; index++) await engine.set('a', index, { tags: ['t'] });
  expect(sent.calls.filter((call) => call === 'ensure-tag-version')).toHaveLength(100);
});

describe('writes of one tick', () => {
  it('ask together for the versions that they carry', async () => {
    const keys = Array.from({ length: 20 }, (_, index) => `key ${String(index)}`);
    await Promise.all(keys.map((key) => here.set(key, key, { tags: ['t'] })));
    expect(hereProcess.sent.calls.filter((call) => call === 'ensure-tag-version')).toHaveLength(2);
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
