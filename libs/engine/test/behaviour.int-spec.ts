import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  CacheEngine,
  InvalidBatchError,
  InvalidOptionError,
  NotACounterError,
  RecursiveLoadError,
  UnsupportedValueError,
} from '@nest-strata/engine';
import type { CacheEvent, LoadContext, ResolvedCacheOptions } from '@nest-strata/engine';
import { eventually, Gate } from '@nest-strata/testing';
import { tierOf, untilHeard } from './cache-processes.js';
import { engineOptions, NO_MEMORY } from './engine-options.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;
let namespaces = 0;
const engines: CacheEngine[] = [];

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close(0)));
});

afterAll(() => redis.stop());

type Kind = 'memory' | 'redis' | 'memory over redis';

async function makeEngine(kind: Kind, overrides: Partial<ResolvedCacheOptions> = {}): Promise<CacheEngine> {
  const options = engineOptions({
    namespace: [`test-${String(namespaces++)}`],
    ...(kind === 'redis' ? { memory: NO_MEMORY } : {}),
    ...overrides,
  });
  const engine = CacheEngine.create(options, kind === 'memory' ? {} : { redis: redis.port });
  engines.push(engine);
  await untilHeard(engine);
  return engine;
}

/** A loader that counts its runs and ends when told. */
function gatedLoader<T>(value: T) {
  const loader = { runs: 0, open: () => {}, load: (): Promise<T> => Promise.resolve(value) };
  const gate = new Promise<void>((resolve) => (loader.open = resolve));
  loader.load = async () => {
    loader.runs++;
    await gate;
    return value;
  };
  return loader;
}

const failing = (message: string) => () => {
  throw new Error(message);
};

async function toArray<T>(items: AsyncIterable<T>): Promise<T[]> {
  const array: T[] = [];
  for await (const item of items) array.push(item);
  return array;
}

describe.each<Kind>(['memory', 'redis', 'memory over redis'])('a cache of %s', (kind) => {
  let cache: CacheEngine;
  beforeEach(async () => {
    cache = await makeEngine(kind);
  });

  describe('reading', () => {
    it('has nothing for a key that was never written', async () => {
      expect(await cache.get('a')).toBeUndefined();
      expect(await cache.lookup('a')).toEqual({ hit: false, stale: false, value: undefined });
      expect(await cache.has('a')).toBe(false);
      expect(await cache.ttl('a')).toBeUndefined();
    });

    it.each([null, undefined, 0, '', false, NaN])('tells a cached %p from a miss', async (value) => {
      await cache.set('a', value);
      const found = await cache.lookup('a');
      expect(found).toMatchObject({ hit: true, stale: false });
      expect(found.value).toBe(value);
    });

    it('brings values back as what they are', async () => {
      const value = {
        at: new Date(0),
        ids: new Set([1n]),
        by: new Map([['x', [undefined, Infinity]]]),
        raw: Buffer.from('ab'),
      };
      await cache.set('a', value);
      expect(await cache.get('a')).toEqual(value);
    });

    it('says where a value is and how long it is good for', async () => {
      await cache.set('a', 1, { ttl: '10s' });
      const tier = kind === 'redis' ? 'redis' : 'memory';
      // The first write makes a record in Redis, of which Redis tells; then what is known of it is asked once more.
      await eventually(async () => (await tierOf(cache, 'a')) === tier);
      const found = await cache.lookup('a');
      expect(found).toMatchObject({ hit: true, tier });
      if (!found.hit) throw new Error('a hit was expected');
      expect(found.ttlMs).toBeGreaterThan(9_000);
      expect(found.ttlMs).toBeLessThanOrEqual(10_005);
      expect(found.ageMs).toBeLessThan(1_000);
    });

    it('keeps an entry without an end', async () => {
      await cache.set('a', 1, { ttl: 'forever' });
      expect(await cache.ttl('a')).toBe(Infinity);
    });

    it('has lost an entry whose time is over', async () => {
      await cache.set('a', 1, { ttl: '30ms' });
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(await cache.get('a')).toBeUndefined();
    });

    it('gives many values in the order of their keys, repetitions included', async () => {
      await cache.set('a', 1);
      await cache.set('b', 2);
      expect(await cache.getMany(['b', 'x', 'a', 'b'])).toEqual([2, undefined, 1, 2]);
      expect(await cache.getMany([])).toEqual([]);
    });

    it.each(['', 5, null, undefined])('refuses the key %p with advice', async (key) => {
      await expect(cache.get(key as string)).rejects.toMatchObject({ code: 'INVALID_KEY' });
      await expect(cache.set(key as string, 1)).rejects.toMatchObject({ code: 'INVALID_KEY' });
      await expect(cache.getOrSet(key as string, () => 1)).rejects.toMatchObject({ code: 'INVALID_KEY' });
      await expect(cache.delete(key as string)).rejects.toMatchObject({ code: 'INVALID_KEY' });
    });
  });

  describe('loading', () => {
    it('loads what is missing and then has it', async () => {
      expect(await cache.getOrSet('a', () => 'loaded')).toBe('loaded');
      expect(await cache.getOrSet('a', failing('not again'))).toBe('loaded');
    });

    it('runs one loader for 100 callers at once and gives all its value', async () => {
      const loader = gatedLoader({ id: 1 });
      const callers = Array.from({ length: 100 }, () => cache.getOrSet('a', loader.load));
      await new Promise((resolve) => setTimeout(resolve, 20));
      loader.open();
      expect(await Promise.all(callers)).toEqual(Array.from({ length: 100 }, () => ({ id: 1 })));
      expect(loader.runs).toBe(1);
    });

    it('gives all callers the same error, and caches none', async () => {
      const error = new Error('database away');
      let runs = 0;
      const load = async () => {
        runs++;
        await Promise.resolve();
        throw error;
      };
      const results = await Promise.allSettled([cache.getOrSet('a', load), cache.getOrSet('a', load)]);
      expect(results.map((result) => (result as PromiseRejectedResult).reason as unknown)).toEqual([error, error]);
      expect(runs).toBe(1);
      expect(await cache.getOrSet('a', () => 'well again')).toBe('well again');
    });

    it('gives each caller of one load a value of its own, where callers may change it', async () => {
      const cloning = await makeEngine(kind, { memory: { maxEntries: 10, maxBytes: Infinity, values: 'cloned' } });
      const loader = gatedLoader({ names: ['a'] });
      const callers = [1, 2].map(async () => cloning.getOrSet('a', loader.load));
      loader.open();
      const [first, second] = await Promise.all(callers);
      first?.names.push('b');
      expect(second).toEqual({ names: ['a'] });
      expect(await cloning.get('a')).toEqual({ names: ['a'] });
    });

    it('passes on what a loader throws before its first await', async () => {
      await expect(cache.getOrSet('a', failing('at once'))).rejects.toThrow('at once');
    });

    it('lets distinct keys load side by side', async () => {
      const slow = gatedLoader('slow');
      const waiting = cache.getOrSet('slow', slow.load);
      expect(await cache.getOrSet('quick', () => 'quick')).toBe('quick');
      slow.open();
      expect(await waiting).toBe('slow');
    });

    it('loads anew and replaces the value when told to', async () => {
      await cache.set('a', 'old');
      expect(await cache.getOrSet('a', () => 'new', { forceRefresh: true })).toBe('new');
      expect(await cache.get('a')).toBe('new');
    });

    it('keeps the result of the refresh that was forced last', async () => {
      const first = gatedLoader('first');
      const second = gatedLoader('second');
      const results = [
        cache.getOrSet('a', first.load, { forceRefresh: true }),
        cache.getOrSet('a', second.load, { forceRefresh: true }),
      ];
      await eventually(() => first.runs === 1 && second.runs === 1);
      second.open();
      await results[1];
      first.open();
      expect(await Promise.all(results)).toEqual(['first', 'second']);
      expect(await cache.get('a')).toBe('second');
    });

    it('lets the loader shorten the life of its value', async () => {
      await cache.getOrSet('a', (context) => {
        expect(context.ttl).toBe('3600000ms');
        context.ttl = '5s';
        return 1;
      });
      expect(await cache.ttl('a')).toBeLessThanOrEqual(5_005);
    });

    it('lets the loader lengthen the life of its value, or shorten one without an end', async () => {
      await cache.getOrSet('a', (context) => ((context.ttl = 'forever'), 1));
      expect(await cache.ttl('a')).toBe(Infinity);
      const shortening = (context: LoadContext) => {
        expect(context.ttl).toBe('forever');
        context.ttl = '5s';
        return 1;
      };
      await cache.getOrSet('b', shortening, { ttl: 'forever' });
      expect(await cache.ttl('b')).toBeLessThanOrEqual(5_005);
    });

    it('does not store what the loader skips', async () => {
      const skipping = (context: LoadContext) => {
        context.skip();
        return [1];
      };
      expect(await cache.getOrSet('a', skipping)).toEqual([1]);
      expect(await cache.get('a')).toBeUndefined();
    });

    it('returns a value that it cannot store', async () => {
      const value = { call: () => 1 };
      expect(await cache.getOrSet('a', () => value)).toBe(value);
      expect(await cache.get('a')).toBeUndefined();
      expect(cache.stats().errors).toBeGreaterThan(0);
    });

    it('returns a value that is skipped and could not be copied', async () => {
      const value = { call: () => 1 };
      expect(await cache.getOrSet('a', (context) => (context.skip(), value))).toBe(value);
    });

    it('returns a value that is too large and does not store it', async () => {
      const small = await makeEngine(kind, { limits: { maxValueBytes: 100, maxKeyBytes: 1024 } });
      expect(await small.getOrSet('a', () => 'x'.repeat(200))).toHaveLength(200);
      expect(await small.get('a')).toBeUndefined();
    });

    it('rejects when a loader assigns a bare number as ttl', async () => {
      const load = (context: LoadContext) => ((context.ttl = 5 as never), 1);
      await expect(cache.getOrSet('a', load)).rejects.toThrow(
        "5 is not a duration. Say which unit is meant: '5ms' or '5s'.",
      );
    });

    it('detects a loader that asks for its own key, directly or through another', async () => {
      const direct = (): Promise<unknown> => cache.getOrSet('a', direct);
      await expect(cache.getOrSet('a', direct)).rejects.toBeInstanceOf(RecursiveLoadError);
      const outer = (): Promise<unknown> => cache.getOrSet('b', () => cache.getOrSet('a', outer));
      await expect(cache.getOrSet('a', outer)).rejects.toThrow('The loader of key "a" in cache');
    });

    it('lets what a loader left behind ask for its key once the loader has ended', async () => {
      const later = new Gate();
      const left: Promise<unknown>[] = [];
      const refresh = async () => {
        await later.pass();
        return cache.getOrSet('a', () => 'again', { forceRefresh: true });
      };
      const outer = () =>
        cache.getOrSet('b', () => {
          left.push(refresh());
          return 'inner';
        });
      expect(await cache.getOrSet('a', outer)).toBe('inner');
      later.open();
      expect(await Promise.all(left)).toEqual(['again']);
    });

    it('lets a loader ask for other keys, and for the same key of another cache', async () => {
      const other = await makeEngine(kind);
      const value = await cache.getOrSet('a', async () => [
        await cache.getOrSet('b', () => 1),
        await other.getOrSet('a', () => 2),
      ]);
      expect(value).toEqual([1, 2]);
    });

    it('refuses an option that it does not know', async () => {
      const load = () => cache.getOrSet('a', () => 1, { graze: '1h' } as object);
      await expect(load()).rejects.toThrow(InvalidOptionError);
      await expect(load()).rejects.toThrow(
        'Option graze: unknown; the options are ttl, memoryTtl, jitter, tags, grace',
      );
    });
  });

  describe('cancelling', () => {
    it('rejects a caller whose signal is aborted and lets the others have the value', async () => {
      const loader = gatedLoader('value');
      const controller = new AbortController();
      const impatient = cache.getOrSet('a', loader.load, { signal: controller.signal });
      const patient = cache.getOrSet('a', loader.load);
      controller.abort(new Error('enough'));
      await expect(impatient).rejects.toThrow('enough');
      loader.open();
      expect(await patient).toBe('value');
      expect(loader.runs).toBe(1);
    });

    it('aborts the load once the last caller has left, and stores nothing of it', async () => {
      const controller = new AbortController();
      let loaderSignal: AbortSignal | undefined;
      const load = async ({ signal }: LoadContext) => {
        loaderSignal = signal;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return 'half';
      };
      const caller = cache.getOrSet('a', load, { signal: controller.signal });
      await eventually(() => loaderSignal !== undefined);
      controller.abort(new Error('enough'));
      await expect(caller).rejects.toThrow('enough');
      expect(loaderSignal?.aborted).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await cache.get('a')).toBeUndefined();
    });

    it('calls no loader for a caller who has left already', async () => {
      const aborted = AbortSignal.abort(new Error('before'));
      await expect(cache.getOrSet('a', failing('called'), { signal: aborted })).rejects.toThrow('before');
    });

    it('starts anew for who comes after all have left', async () => {
      const stuck = gatedLoader('stuck');
      const controller = new AbortController();
      const caller = cache.getOrSet('a', stuck.load, { signal: controller.signal });
      await eventually(() => stuck.runs === 1);
      controller.abort(new Error('enough'));
      await expect(caller).rejects.toThrow('enough');
      expect(await cache.getOrSet('a', () => 'fresh')).toBe('fresh');
      stuck.open();
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await cache.get('a')).toBe('fresh');
    });
  });

  describe('loading many', () => {
    it('loads the unique missing keys in one call and gives the values in order', async () => {
      await cache.set('b', 'cached');
      const asked: (readonly string[])[] = [];
      const values = await cache.getOrSetMany(['a', 'b', 'c', 'a'], (keys) => {
        asked.push(keys);
        return new Map(keys.map((key) => [key, `loaded ${key}`]));
      });
      expect(values).toEqual(['loaded a', 'cached', 'loaded c', 'loaded a']);
      expect(asked).toEqual([['a', 'c']]);
    });

    it('caches that the loader had nothing for a key', async () => {
      expect(await cache.getOrSetMany(['a'], () => new Map())).toEqual([undefined]);
      expect(await cache.lookup('a')).toMatchObject({ hit: true });
    });

    it('ignores what was not asked for: nothing would show that it was not evicted during the load', async () => {
      expect(await cache.getOrSetMany(['a'], () => new Map(Object.entries({ a: 1, extra: 2 })))).toEqual([1]);
      expect(await cache.get('extra')).toBeUndefined();
    });

    it('shares the loads of overlapping calls, key by key', async () => {
      const loads: string[] = [];
      let open = () => {};
      const gate = new Promise<void>((resolve) => (open = resolve));
      const load = async (keys: readonly string[]) => {
        loads.push(...keys);
        await gate;
        return new Map(keys.map((key) => [key, key.toUpperCase()]));
      };
      const results = [
        cache.getOrSetMany(['a', 'b'], load),
        cache.getOrSetMany(['b', 'c'], load),
        cache.getOrSet('c', failing('c is under way')),
      ];
      await new Promise((resolve) => setTimeout(resolve, 20));
      open();
      expect(await Promise.all(results)).toEqual([['A', 'B'], ['B', 'C'], 'C']);
      expect(loads.sort()).toEqual(['a', 'b', 'c']);
    });

    it('adapts each entry of a batch by itself', async () => {
      await cache.getOrSetMany(['a', 'b', 'c'], (keys, context) => {
        context.for('a').ttl = '5s';
        context.for('b').skip();
        return new Map(keys.map((key) => [key, key]));
      });
      expect(await cache.ttl('a')).toBeLessThanOrEqual(5_005);
      expect(await cache.has('b')).toBe(false);
      expect(await cache.ttl('c')).toBeGreaterThan(5_005);
    });

    it('rejects when the loader returns no Map, and says what to return', async () => {
      const load = cache.getOrSetMany(['a'], () => ['a'] as never);
      await expect(load).rejects.toThrow(InvalidBatchError);
      await expect(load).rejects.toThrow('returned an array. Return a Map from key to value');
    });

    it.each([
      [null, 'null'],
      [{ a: 1 }, 'a value of type object'],
    ])('names what a batch loader returned instead: %p', async (returned, name) => {
      await expect(cache.getOrSetMany(['a'], () => returned as never)).rejects.toThrow(
        `returned ${name}. Return a Map`,
      );
    });

    it('loads all anew when told to', async () => {
      await cache.set('a', 'old');
      const load = (keys: readonly string[]) => new Map(keys.map((key) => [key, 'new']));
      expect(await cache.getOrSetMany(['a', 'b'], load, { forceRefresh: true })).toEqual(['new', 'new']);
    });

    it('asks no loader when nothing is missing', async () => {
      await cache.set('a', 1);
      expect(await cache.getOrSetMany(['a'], failing('called'))).toEqual([1]);
      expect(await cache.getOrSetMany([], failing('called'))).toEqual([]);
    });
  });

  describe('writing', () => {
    it('says that it stored', async () => {
      expect(await cache.set('a', 1)).toEqual({ stored: true });
    });

    it('stores many, of which the last of a key counts', async () => {
      const outcomes = await cache.setMany([
        ['a', 1],
        ['b', 2],
        ['a', 3],
      ]);
      expect(outcomes).toEqual([{ stored: true }, { stored: true }, { stored: true }]);
      expect(await cache.getMany(['a', 'b'])).toEqual([3, 2]);
    });

    it('keeps the later of two writes at once', async () => {
      await Promise.all([cache.set('a', 'first'), cache.set('a', 'second')]);
      expect(await cache.get('a')).toBe('second');
    });

    it('forgets a key that is set for no time', async () => {
      await cache.set('a', 1);
      expect(await cache.set('a', 2, { ttl: '0ms' })).toEqual({ stored: false, reason: 'ttl-zero' });
      expect(await cache.get('a')).toBeUndefined();
    });

    it('rejects a value that could not be brought back, and says where in it', async () => {
      await expect(cache.set('a', { deep: [() => 1] })).rejects.toBeInstanceOf(UnsupportedValueError);
      await expect(cache.set('a', { deep: [() => 1] })).rejects.toThrow('$.deep[0]');
    });

    it('refuses a value over the limit and does not serve the older one for it', async () => {
      const small = await makeEngine(kind, { limits: { maxValueBytes: 100, maxKeyBytes: 1024 } });
      await small.set('a', 'small');
      expect(await small.set('a', 'x'.repeat(200))).toEqual({ stored: false, reason: 'value-too-large' });
      expect(await small.get('a')).toBeUndefined();
      await small.set('a', 'small');
      expect(await small.getOrSet('a', () => 'x'.repeat(200), { forceRefresh: true })).toHaveLength(200);
      expect(await small.get('a')).toBeUndefined();
    });

    it('sets if absent once, whoever tries', async () => {
      const outcomes = await Promise.all([1, 2, 3].map((value) => cache.setIfAbsent('a', value)));
      expect(outcomes.filter(({ stored }) => stored)).toHaveLength(1);
      expect(outcomes.filter(({ reason }) => reason === 'already-present')).toHaveLength(2);
      expect(await cache.get('a')).toBe(outcomes.findIndex(({ stored }) => stored) + 1);
      expect(await cache.setIfAbsent('b', 1, { ttl: '0ms' })).toEqual({ stored: false, reason: 'ttl-zero' });
    });

    it('sets if absent where an entry was invalidated or expired by hand', async () => {
      await cache.set('a', 'old', { tags: ['t'] });
      await cache.set('b', 'old');
      await cache.deleteByTag('t');
      await cache.expire('b');
      expect(await cache.setIfAbsent('a', 'new')).toEqual({ stored: true });
      expect(await cache.setIfAbsent('b', 'new')).toEqual({ stored: true });
      expect(await cache.getMany(['a', 'b'])).toEqual(['new', 'new']);
    });

    it('prolongs what it has, and only that', async () => {
      await cache.set('a', 1, { ttl: '5s', tags: ['t'] });
      expect(await cache.touch('a', '1h')).toBe(true);
      expect(await cache.ttl('a')).toBeGreaterThan(3_500_000);
      expect(await cache.touch('a', 'forever')).toBe(true);
      expect(await cache.ttl('a')).toBe(Infinity);
      expect(await cache.touch('a')).toBe(true);
      expect(await cache.ttl('a')).toBeLessThanOrEqual(3_600_005);
      expect(await cache.touch('missing', '1h')).toBe(false);
      await cache.expire('a');
      expect(await cache.touch('a', '1h')).toBe(false);
    });

    it('lets a value be changed by who wrote it, not what is cached', async () => {
      const mine = { names: ['a'] };
      await cache.set('a', mine);
      mine.names.push('b');
      expect(await cache.get('a')).toEqual({ names: ['a'] });
    });

    it('shortens lives at random when there is jitter', async () => {
      const keys = Array.from({ length: 50 }, (_, index) => `k${String(index)}`);
      await cache.setMany(
        keys.map((key) => [key, 1]),
        { ttl: '1000s', jitter: 0.5 },
      );
      const ttls = await Promise.all(keys.map(async (key) => (await cache.ttl(key)) ?? 0));
      expect(Math.max(...ttls)).toBeLessThanOrEqual(1_000_005);
      expect(Math.min(...ttls)).toBeGreaterThan(495_000);
      expect(Math.max(...ttls) - Math.min(...ttls)).toBeGreaterThan(100_000);
    });
  });

  describe('counting', () => {
    it('adds to a counter, reads it, and keeps its time', async () => {
      expect(await cache.increment('n', 1, { ttl: '10s' })).toBe(1);
      expect(await cache.increment('n', 41, { ttl: '1h' })).toBe(42);
      expect(await cache.increment('n', -2)).toBe(40);
      expect(await cache.get('n')).toBe(40);
      expect(await cache.ttl('n')).toBeLessThanOrEqual(10_005);
    });

    it('loses no increment of 200 at once', async () => {
      await Promise.all(Array.from({ length: 200 }, () => cache.increment('n')));
      expect(await cache.get('n')).toBe(200);
    });

    it('begins anew after delete, after clear and after expiry by hand', async () => {
      for (const forget of [() => cache.delete('n'), () => cache.clear(), () => cache.expire('n')]) {
        await cache.increment('n', 5);
        await forget();
        expect(await cache.get('n')).toBeUndefined();
        expect(await cache.increment('n', 2)).toBe(2);
        await cache.delete('n');
      }
    });

    it('prolongs a counter', async () => {
      await cache.increment('n', 1, { ttl: '5s' });
      expect(await cache.touch('n', '1h')).toBe(true);
      expect(await cache.ttl('n')).toBeGreaterThan(3_500_000);
      expect(await cache.touch('n', 'forever')).toBe(true);
      expect(await cache.ttl('n')).toBe(Infinity);
      expect(await cache.increment('n')).toBe(2);
    });

    it('refuses to add to a value that is no counter, and to add a fraction', async () => {
      await cache.set('text', 'five');
      await expect(cache.increment('text')).rejects.toBeInstanceOf(NotACounterError);
      await expect(cache.increment('n', 0.5)).rejects.toThrow('Option by: 0.5 given; write a whole number');
    });
  });

  describe('evicting', () => {
    it('deletes keys and says how many there were', async () => {
      await cache.setMany([
        ['a', 1],
        ['b', 2],
      ]);
      expect(await cache.delete('a')).toEqual({ confirmed: true, count: 1 });
      expect(await cache.delete('a')).toEqual({ confirmed: true, count: 0 });
      expect(await cache.deleteMany(['a', 'b', 'c'])).toEqual({ confirmed: true, count: 1 });
      expect(await cache.deleteMany([])).toEqual({ confirmed: true, count: 0 });
      expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
    });

    it('evicts by tag exactly the entries that carry it', async () => {
      await cache.set('a', 1, { tags: ['x', 'y'] });
      await cache.set('b', 2, { tags: ['y', 'y'] });
      await cache.set('c', 3);
      expect(await cache.deleteByTag('x')).toEqual({ confirmed: true, count: 1 });
      expect(await cache.getMany(['a', 'b', 'c'])).toEqual([undefined, 2, 3]);
      expect(await cache.deleteByTag('x', 'y')).toEqual({ confirmed: true, count: 2 });
      expect(await cache.getMany(['a', 'b', 'c'])).toEqual([undefined, undefined, 3]);
      expect(await cache.deleteByTag()).toEqual({ confirmed: true, count: 0 });
    });

    it('keeps an entry that is written right after its tag was invalidated', async () => {
      for (let round = 0; round < 50; round++) {
        await cache.set('a', round, { tags: ['x'] });
        await cache.deleteByTag('x');
        await cache.set('a', round, { tags: ['x'] });
        expect(await cache.get('a')).toBe(round);
      }
    });

    it('finds by tag what the loader tagged by its result', async () => {
      const load = (context: LoadContext) => {
        context.tags.push('derived');
        return 1;
      };
      // A tag that is new to Redis cannot be shown to be older than the load, so the second load is the one that is kept.
      await cache.getOrSet('a', load, { tags: ['given'] });
      await cache.getOrSet('a', load, { tags: ['given'] });
      expect(await cache.get('a')).toBe(1);
      await cache.deleteByTag('derived');
      expect(await cache.get('a')).toBeUndefined();
    });

    it('forgets tags that the loader took away', async () => {
      await cache.getOrSet('a', (context) => ((context.tags = []), 1), { tags: ['x'] });
      await cache.deleteByTag('x');
      expect(await cache.get('a')).toBe(1);
    });

    it('refuses tags that are none', async () => {
      await expect(cache.set('a', 1, { tags: [''] })).rejects.toThrow(
        'Option tags: "" is not a tag; write non-empty strings',
      );
      await expect(cache.set('a', 1, { tags: 'x' as never })).rejects.toThrow(
        'string given; write an array of strings',
      );
      await expect(cache.deleteByTag(5 as never)).rejects.toThrow('5 is not a tag');
    });

    it('clears everything at once, and takes new entries right after', async () => {
      await cache.set('a', 1);
      await cache.set('b', 2, { tags: ['x'] });
      expect(await cache.clear()).toEqual({ confirmed: true, count: 0 });
      expect(await cache.getMany(['a', 'b'])).toEqual([undefined, undefined]);
      await cache.set('a', 3);
      expect(await cache.get('a')).toBe(3);
    });

    it('deletes by pattern, with metacharacters of keys as they are', async () => {
      await cache.setMany(['user:1', 'user:2', 'user*', 'users:1', 'other', 'us{er}:1%'].map((key) => [key, key]));
      expect(await cache.deleteByPattern('user\\*')).toEqual({ confirmed: true, count: 1 });
      expect(await cache.deleteByPattern('user:?')).toEqual({ confirmed: true, count: 2 });
      expect((await toArray(cache.keys('*'))).sort()).toEqual(['other', 'users:1', 'us{er}:1%']);
      expect(await cache.deleteByPattern('us{er}*')).toEqual({ confirmed: true, count: 1 });
      await expect(cache.deleteByPattern('[a')).rejects.toMatchObject({ code: 'INVALID_GLOB' });
      await expect(toArray(cache.keys('[a'))).rejects.toMatchObject({ code: 'INVALID_GLOB' });
    });

    it('lists only what can be had', async () => {
      await cache.setMany(Array.from({ length: 250 }, (_, index) => [`k:${String(index)}`, index]));
      await cache.set('tagged', 1, { tags: ['x'] });
      await cache.increment('counted');
      await cache.set('stale', 1);
      await cache.deleteByTag('x');
      await cache.expire('stale');
      expect(new Set(await toArray(cache.keys('*'))).size).toBe(251);
      expect(new Set(await toArray(cache.keys('k:1?'))).size).toBe(10);
      await cache.clear();
      expect(await toArray(cache.keys('*'))).toEqual([]);
    });

    it('keeps an expired copy for the case that the loader fails', async () => {
      await cache.set('a', 'old');
      expect(await cache.expire('a')).toEqual({ confirmed: true, count: 1 });
      expect(await cache.get('a')).toBeUndefined();
      expect(await cache.lookup('a')).toMatchObject({ hit: false, stale: true, value: 'old', ttlMs: 0 });
      expect(await cache.getOrSet('a', failing('database away'), { retryAfter: '0ms' })).toBe('old');
      expect(await cache.getOrSet('a', () => 'new')).toBe('new');
      expect(await cache.expire('missing')).toEqual({ confirmed: true, count: 0 });
    });

    it('keeps no copy of what was deleted, whatever fails', async () => {
      await cache.set('a', 'old');
      await cache.delete('a');
      await expect(cache.getOrSet('a', failing('database away'))).rejects.toThrow('database away');
    });

    it.each<[string, (cache: CacheEngine) => Promise<unknown>]>([
      ['delete', (engine) => engine.delete('a')],
      ['deleteByTag', (engine) => engine.deleteByTag('t')],
      ['deleteByPattern', (engine) => engine.deleteByPattern('a*')],
      ['clear', (engine) => engine.clear()],
      ['set', (engine) => engine.set('a', 'set meanwhile')],
    ])('does not keep a value whose load began before %s', async (operation, change) => {
      const loader = gatedLoader('loaded before');
      const early = cache.getOrSet('a', loader.load, { tags: ['t'] });
      await eventually(() => loader.runs === 1);
      await change(cache);
      const late = operation === 'set' ? cache.get('a') : cache.getOrSet('a', () => 'loaded after', { tags: ['t'] });
      loader.open();
      expect(await early).toBe('loaded before');
      const expected = operation === 'set' ? 'set meanwhile' : 'loaded after';
      expect(await late).toBe(expected);
      expect(await cache.get('a')).toBe(expected);
    });
  });

  describe('namespaces', () => {
    it('share nothing but their Redis', async () => {
      const heroes = cache.namespace('heroes');
      await cache.set('a', 'outer', { tags: ['x'] });
      await heroes.set('a', 'inner', { tags: ['x'] });
      await heroes.namespace('x').set('a', 'innermost');
      expect(await heroes.get('a')).toBe('inner');
      await heroes.deleteByTag('x');
      expect([await cache.get('a'), await heroes.get('a')]).toEqual(['outer', undefined]);
      await cache.clear();
      expect(await heroes.namespace('x').get('a')).toBe('innermost');
      expect(heroes.name).toBe(`${cache.name}.heroes`);
    });

    it('are the same for the same name, and not for other overrides', () => {
      expect(cache.namespace('a', { ttlMs: 5 })).toBe(cache.namespace('a', { ttlMs: 5 }));
      expect(cache.namespace('a')).toBe(cache.namespace('a', { ttlMs: 5 }));
      expect(() => cache.namespace('a', { ttlMs: 6 })).toThrow('namespace "a" was made with others');
    });
  });

  describe('telling', () => {
    it('counts one hit or miss per key and call', async () => {
      await cache.getOrSet('a', () => 1);
      await cache.get('a');
      await cache.get('b');
      await cache.getMany(['a', 'b', 'a']);
      await cache.lookup('a');
      const stats = cache.stats();
      expect([stats.hits, stats.misses, stats.sets, stats.loads]).toEqual([2, 3, 1, 1]);
      expect(stats.hitRate).toBe(0.4);
      expect(stats.errors).toBe(0);
    });

    it('counts a miss for a read whose load fails', async () => {
      await cache.getOrSet('a', failing('away')).catch(() => undefined);
      await cache.getOrSetMany(['a', 'b'], failing('away')).catch(() => undefined);
      expect(cache.stats()).toMatchObject({ hits: 0, misses: 3, loads: 2, loadFailures: 2 });
    });

    it('begins anew when reset', async () => {
      await cache.getOrSet('a', () => 1);
      const before = cache.stats();
      await cache.delete('a');
      expect(cache.stats().minus(before)).toMatchObject({ misses: 0, deletes: 1 });
      cache.resetStats();
      expect(cache.stats()).toMatchObject({ hits: 0, misses: 0, sets: 0, deletes: 0, loads: 0, hitRate: 0 });
    });

    it('tells what it does', async () => {
      const events: CacheEvent[] = [];
      const stop = cache.listen((event) => events.push(event));
      await cache.getOrSet('a', () => 1);
      await cache.get('a');
      await cache.delete('a');
      await cache.clear();
      await cache.getOrSet('b', failing('away')).catch(() => undefined);
      stop();
      await cache.get('a');
      expect(events.map(({ type }) => type)).toEqual(['load', 'set', 'miss', 'hit', 'evict', 'evict', 'load', 'miss']);
      expect(events[4]).toEqual({ type: 'evict', cache: cache.name, by: 'key', targets: ['a'], confirmed: true });
      expect(events[6]).toMatchObject({ key: 'b', error: new Error('away') });
    });

    it('tells the misses, the hits of each tier and the stale copies', async () => {
      const events: CacheEvent[] = [];
      await cache.set('a', 1);
      await cache.expire('a');
      cache.listen((event) => events.push(event));
      await cache.get('a');
      await cache.getOrSet('a', failing('away'));
      await cache.set('b', 2);
      await cache.getMany(['b']);
      const tier = kind === 'redis' ? 'redis' : 'memory';
      expect(events.filter(({ type }) => type === 'miss' || type === 'hit')).toEqual([
        { type: 'miss', cache: cache.name, key: 'a' },
        { type: 'hit', cache: cache.name, key: 'a', tier: kind === 'memory' ? 'memory' : 'redis', stale: true },
        { type: 'hit', cache: cache.name, key: 'b', tier, stale: false },
      ]);
    });

    it('says how much memory holds', async () => {
      await cache.setMany([
        ['a', 1],
        ['b', 2],
      ]);
      expect(cache.memoryUse.entryCount).toBe(kind === 'redis' ? 0 : 2);
    });

    it('warns of a listener that throws when nobody asked to hear of it', async () => {
      const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
      const engine = CacheEngine.create(engineOptions());
      engine.listen(failing('listener'));
      await engine.get('a');
      expect(emitWarning.mock.calls as unknown[][]).toEqual([['Error: listener', 'CacheListenerWarning']]);
      emitWarning.mockRestore();
    });

    it('goes on when a listener throws', async () => {
      const heard: unknown[] = [];
      const engine = CacheEngine.create(engineOptions(), { onListenerError: (error) => heard.push(error) });
      engine.listen(failing('listener'));
      expect(await engine.getOrSet('a', () => 1)).toBe(1);
      expect(heard).toContainEqual(new Error('listener'));
    });
  });

  it('does nothing but load when it is switched off', async () => {
    const off = await makeEngine(kind, { enabled: false });
    const value = { call: () => 1 };
    expect(await off.set('a', 1)).toEqual({ stored: false, reason: 'disabled' });
    expect(await off.setIfAbsent('a', 1)).toEqual({ stored: false, reason: 'disabled' });
    expect(await off.getOrSet('a', () => value)).toBe(value);
    expect(await off.get('a')).toBeUndefined();
    expect(await off.delete('a')).toEqual({ confirmed: true, count: 0 });
  });
});
