import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine, LoadShedError, LoadTimeoutError } from '@nest-strata/engine';
import type { LoadContext, ResolvedCacheOptions, SourceVersion } from '@nest-strata/engine';
import { eventually, FakeClock } from '@nest-strata/testing';
import { CacheProcesses } from './cache-processes.js';
import type { CacheProcess } from './cache-processes.js';
import { engineOptions, NO_MEMORY } from './engine-options.js';
import { expectSoon } from './expect-soon.js';
import { GatedLoader } from './gated-loader.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;
let processes: CacheProcesses;

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterAll(() => redis.stop());

beforeEach(() => {
  processes = new CacheProcesses(redis);
});

afterEach(() => processes.close());

type Kind = 'memory' | 'redis' | 'memory over redis';

async function makeCache(kind: Kind, options: Partial<ResolvedCacheOptions> = {}): Promise<CacheEngine> {
  if (kind === 'memory') return CacheEngine.create(engineOptions(options));
  const cache = kind === 'redis' ? { ...options, memory: NO_MEMORY } : options;
  return (await processes.start({ cache })).engine;
}

const OLDER = { stored: false, reason: 'older-version' };

describe.each<Kind>(['memory', 'redis', 'memory over redis'])('a cache of %s', (kind) => {
  let cache: CacheEngine;

  beforeEach(async () => {
    cache = await makeCache(kind);
  });

  describe('with versions of the source', () => {
    it.each<[string, lower: SourceVersion, higher: SourceVersion]>([
      ['numbers', 9, 10],
      ['big integers', 2n ** 63n - 1n, 2n ** 63n],
      ['moments', new Date('2026-01-01T00:00:00.000Z'), new Date('2026-01-01T00:00:00.001Z')],
      ['the lowest ones', 0, 1],
    ])('refuses a lower one, and takes an equal or higher one: %s', async (_, lower, higher) => {
      expect(await cache.set('a', 'first', { version: lower })).toEqual({ stored: true });
      expect(await cache.set('a', 'second', { version: higher })).toEqual({ stored: true });
      const refused = await cache.set('a', 'late', { version: lower });
      expect(refused).toEqual(OLDER);
      expect(await cache.get('a')).toBe('second');
      expect(await cache.set('a', 'third', { version: higher })).toEqual({ stored: true });
      expect(await cache.get('a')).toBe('third');
    });

    it('lets a write without a version replace anything', async () => {
      await cache.set('a', 'versioned', { version: 7 });
      expect(await cache.set('a', 'plain')).toEqual({ stored: true });
      expect(await cache.set('a', 'older', { version: 6 })).toEqual({ stored: true });
    });

    it('refuses it from a loader, which returns it all the same', async () => {
      await cache.set('a', 'newest', { version: 7, ttl: '30ms', grace: '1h' });
      await sleep(35);
      const load = (context: LoadContext) => {
        context.version = 6;
        return 'older';
      };
      expect(await cache.getOrSet('a', load, { grace: '1h' })).toBe('older');
      expect(await cache.lookup('a')).toMatchObject({ stale: true, value: 'newest' });
      const newer = (context: LoadContext) => {
        context.version = 8;
        return 'newer';
      };
      expect(await cache.getOrSet('a', newer)).toBe('newer');
      expect(await cache.set('a', 'late', { version: 7 })).toEqual(OLDER);
    });

    it('refuses it from setIfAbsent and replace', async () => {
      await cache.set('a', 'newest', { version: 7 });
      expect(await cache.replace('a', 'older', { version: 6 })).toEqual(OLDER);
      expect(await cache.replace('a', 'newer', { version: 8 })).toEqual({ stored: true });
      await cache.expire('a');
      expect(await cache.setIfAbsent('a', 'older', { version: 7 })).toEqual(OLDER);
      expect(await cache.setIfAbsent('a', 'same', { version: 8 })).toEqual({ stored: true });
    });

    it('deletes what is not higher, and keeps lower ones out afterwards', async () => {
      await cache.set('a', 'first', { version: 5 });
      expect(await cache.delete('a', { version: 4 })).toEqual({ confirmed: true, count: 0 });
      expect(await cache.get('a')).toBe('first');
      expect(await cache.delete('a', { version: 6 })).toEqual({ confirmed: true, count: 1 });
      expect(await cache.get('a')).toBeUndefined();
      expect(await cache.has('a')).toBe(false);
      expect(await cache.set('a', 'late', { version: 5 })).toEqual(OLDER);
      expect(await cache.setIfAbsent('a', 'late', { version: 5 })).toEqual(OLDER);
      expect(await cache.replace('a', 'late', { version: 5 })).toEqual({ stored: false, reason: 'absent' });
      const late = (context: LoadContext) => ((context.version = 5), 'late');
      expect(await cache.getOrSet('a', late)).toBe('late');
      expect(await cache.get('a')).toBeUndefined();
      expect(await cache.set('a', 'newer', { version: 6 })).toEqual({ stored: true });
      expect(await cache.get('a')).toBe('newer');
    });

    it('leaves a floor where there was nothing, which is no entry', async () => {
      expect(await cache.delete('a', { version: 6 })).toEqual({ confirmed: true, count: 0 });
      expect(await cache.set('a', 'late', { version: 5 })).toEqual(OLDER);
      expect(await cache.lookup('a')).toEqual({ hit: false, stale: false, value: undefined });
      for await (const key of cache.keys('*')) throw new Error(`${key} is no entry`);
      expect(await cache.set('a', 'plain')).toEqual({ stored: true });
      expect(await cache.get('a')).toBe('plain');
    });

    it('keeps a floor whose key is expired by hand', async () => {
      await cache.delete('a', { version: 6 });
      expect(await cache.expire('a')).toEqual({ confirmed: true, count: 0 });
      expect(await cache.set('a', 'late', { version: 5 })).toEqual(OLDER);
    });

    it('leaves a floor for a value that lives for no time', async () => {
      await cache.set('a', 'first', { version: 5 });
      expect(await cache.set('a', 'second', { version: 6, ttl: '0ms' })).toMatchObject({ reason: 'ttl-zero' });
      expect(await cache.get('a')).toBeUndefined();
      expect(await cache.set('a', 'late', { version: 5 })).toEqual(OLDER);
      await cache.set('a', 'newest', { version: 8 });
      await cache.set('a', 'late', { version: 7, ttl: '0ms' });
      expect(await cache.get('a')).toBe('newest');
    });

    it('raises a floor, and never lowers one that a value stands for', async () => {
      await cache.delete('a', { version: 6 });
      await cache.delete('a', { version: 9 });
      await cache.delete('a', { version: 7 });
      expect(await cache.set('a', 'late', { version: 8 })).toEqual(OLDER);
      expect(await cache.set('a', 'newer', { version: 9 })).toEqual({ stored: true });
    });

    it.each([
      [1, 2],
      [2, 1],
    ])('keeps the higher one of two at once: %d and %d', async (first, second) => {
      await cache.set('a', 'before', { version: 0 });
      await Promise.all([first, second].map((version) => cache.set('a', version, { version, tags: ['t'] })));
      expect(await cache.get('a')).toBe(2);
    });

    it('has no part in deletions without one', async () => {
      await cache.set('a', 'first', { version: 5 });
      await cache.delete('a');
      expect(await cache.set('a', 'older', { version: 1 })).toEqual({ stored: true });
    });

    it.each([1.5, -1, NaN, 2 ** 53, 2n ** 64n - 1n, new Date(NaN), '7' as never])(
      'refuses one that is none: %p',
      async (version) => {
        await expect(cache.set('a', 1, { version })).rejects.toThrow('Option version:');
        await expect(cache.delete('a', { version })).rejects.toThrow('Option version:');
      },
    );
  });

  describe('replacing', () => {
    it('stores only where there is a fresh value', async () => {
      expect(await cache.replace('a', 1)).toEqual({ stored: false, reason: 'absent' });
      await cache.set('a', 1);
      expect(await cache.replace('a', 2)).toEqual({ stored: true });
      expect(await cache.get('a')).toBe(2);
      expect(await cache.replace('a', 3, { ttl: '0ms' })).toEqual({ stored: false, reason: 'ttl-zero' });
      await cache.expire('a');
      expect(await cache.replace('a', 4)).toEqual({ stored: false, reason: 'absent' });
    });

    it('gives the value its own options', async () => {
      await cache.set('a', 1, { ttl: '1h', tags: ['old'] });
      await cache.replace('a', 2, { ttl: '1m', tags: ['new'] });
      expect(await cache.ttl('a')).toBeLessThanOrEqual(60_005);
      await cache.deleteByTag('old');
      expect(await cache.get('a')).toBe(2);
      await cache.deleteByTag('new');
      expect(await cache.get('a')).toBeUndefined();
    });

    it('rejects what cannot be stored', async () => {
      await cache.set('a', 1);
      await expect(cache.replace('a', () => 1)).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE' });
      expect(await cache.get('a')).toBe(1);
    });

    it('serves nothing older for a loaded value that cannot be stored', async () => {
      await cache.set('a', 'old');
      const unsupported = () => 1;
      expect(await cache.getOrSet('a', () => unsupported, { forceRefresh: true })).toBe(unsupported);
      expect(await cache.get('a')).toBeUndefined();
    });
  });

  describe('writing through', () => {
    it('gives readers the old value before, the new one after, and nothing old in between', async () => {
      await cache.set('a', 'old');
      const persist = new GatedLoader('new');
      const writing = cache.writeThrough('a', () => persist.load(undefined as never));
      await persist.began();
      expect(await cache.get('a')).toBeUndefined();
      const reading = cache.getOrSet('a', () => 'old');
      await sleep(20);
      persist.end();
      expect(await writing).toBe('new');
      // In memory alone nobody can wait for who is not known to write; its load is outdated all the same.
      expect(await reading).toBe(kind === 'memory' ? 'old' : 'new');
      expect(await cache.get('a')).toBe('new');
    });

    it('leaves nothing where the source was not written', async () => {
      await cache.set('a', 'old');
      const failing = () => Promise.reject(new Error('constraint violated'));
      await expect(cache.writeThrough('a', failing)).rejects.toThrow('constraint violated');
      expect(await cache.get('a')).toBeUndefined();
      expect(await cache.getOrSet('a', () => 'loaded')).toBe('loaded');
    });

    it('leaves nothing where nobody knows whether the source was written, which others may have read before', async () => {
      const persist = async () => {
        await cache.set('a', 'read before');
        throw new Error('connection lost');
      };
      await expect(cache.writeThrough('a', persist)).rejects.toThrow('connection lost');
      expect(await cache.get('a')).toBeUndefined();
    });

    it('stores with the options of the entry', async () => {
      await cache.writeThrough('a', () => 'new', { ttl: '1m', tags: ['t'], version: 7 });
      expect(await cache.ttl('a')).toBeLessThanOrEqual(60_005);
      expect(await cache.set('a', 'older', { version: 6 })).toEqual(OLDER);
      await cache.deleteByTag('t');
      expect(await cache.get('a')).toBeUndefined();
    });

    it('returns what it cannot store, and serves nothing older', async () => {
      const value = { call: () => 1 };
      await cache.set('a', 'old');
      expect(await cache.writeThrough('a', () => value)).toBe(value);
      expect(await cache.get('a')).toBeUndefined();
      await cache.set('a', 'old');
      expect(await cache.writeThrough('a', () => 'new', { ttl: '0ms' })).toBe('new');
      expect(await cache.get('a')).toBeUndefined();
      expect(await cache.getOrSet('a', () => 'loaded')).toBe('loaded');
    });

    it('does not keep a value that was evicted while it was written', async () => {
      const persist = async () => {
        await cache.delete('a');
        return 'new';
      };
      expect(await cache.writeThrough('a', persist)).toBe('new');
      expect(await cache.get('a')).toBeUndefined();
    });

    it('keeps the value of none of two writes at once: nobody knows which was the last', async () => {
      const first = new GatedLoader('first');
      const writing = cache.writeThrough('a', () => first.load(undefined as never));
      await first.began();
      expect(await cache.writeThrough('a', () => 'second')).toBe('second');
      first.end();
      expect(await writing).toBe('first');
      expect(await cache.get('a')).toBeUndefined();
    });
  });

  describe('bounding its loads', () => {
    beforeEach(async () => {
      cache = await makeCache(kind, { loads: { maxConcurrent: 2, maxQueued: 1 } });
    });

    it('runs so many at once, lets some wait in order, and sheds the rest', async () => {
      const loaders = ['a', 'b', 'c', 'd'].map((key) => new GatedLoader(key));
      const loaded: Promise<string>[] = [];
      for (const [index, loader] of loaders.entries()) {
        const value = cache.getOrSet(`key ${String(index)}`, loader.load);
        value.catch(() => undefined);
        loaded.push(value);
        await sleep(kind === 'memory' ? 1 : 20);
      }
      const [first, second, third, fourth] = loaded;
      await expect(fourth).rejects.toBeInstanceOf(LoadShedError);
      await expect(fourth).rejects.toMatchObject({ code: 'LOAD_SHED', cache: cache.name });
      expect(loaders.map(({ runs }) => runs)).toEqual([1, 1, 0, 0]);
      loaders[1]?.end();
      expect(await second).toBe('b');
      await loaders[2]?.began();
      loaders[0]?.end();
      loaders[2]?.end();
      expect(await Promise.all([first, third])).toEqual(['a', 'c']);
      // What was shed holds no lease, and a slot is free again.
      expect(await cache.getOrSet('key 3', () => 'now')).toBe('now');
    });

    it('serves a stale copy to who is shed', async () => {
      await cache.set('stale', 'old', { grace: '1h' });
      await cache.expire('stale');
      const loader = new GatedLoader('x');
      const running = ['a', 'b', 'c'].map((key) => cache.getOrSet(key, loader.load));
      await eventually(() => loader.runs === 2);
      await sleep(kind === 'memory' ? 1 : 20);
      expect(await cache.getOrSet('stale', () => 'new')).toBe('old');
      loader.end();
      expect(await Promise.all(running)).toEqual(['x', 'x', 'x']);
    });

    it('runs no loader whose callers have left while it waited, and lets others wait in its place', async () => {
      const loader = new GatedLoader('x');
      const running = ['a', 'b'].map((key) => cache.getOrSet(key, loader.load));
      await eventually(() => loader.runs === 2);
      const impatient = new AbortController();
      const left = cache.getOrSet('c', () => 'not asked', { signal: impatient.signal });
      await sleep(kind === 'memory' ? 1 : 20);
      impatient.abort(new Error('enough'));
      await expect(left).rejects.toThrow('enough');
      const next = cache.getOrSet('d', () => 'next');
      await sleep(kind === 'memory' ? 1 : 20);
      loader.end();
      expect(await Promise.all([...running, next])).toEqual(['x', 'x', 'next']);
      expect(cache.stats()).toMatchObject({ loads: 3, loadFailures: 0 });
      expect(await cache.get('c')).toBeUndefined();
    });

    it('lets nobody wait longer than hardTimeout for a slot, and stores the value when it comes', async () => {
      const loader = new GatedLoader('x');
      const running = ['a', 'b'].map((key) => cache.getOrSet(key, loader.load));
      await eventually(() => loader.runs === 2);
      const late = new GatedLoader('late');
      const waiting = cache.getOrSet('c', late.load, { hardTimeout: '30ms' });
      await expect(waiting).rejects.toBeInstanceOf(LoadTimeoutError);
      expect(late.runs).toBe(0);
      loader.end();
      late.end();
      await Promise.all(running);
      await eventually(async () => (await cache.get('c')) === 'late');
    });

    it('frees the slot of a load that failed', async () => {
      for (let load = 0; load < 5; load++) {
        await expect(cache.getOrSet('a', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
      }
      expect(await cache.getOrSet('a', () => 1)).toBe(1);
    });
  });
});

describe('several processes', () => {
  let all: CacheProcess[];

  beforeEach(async () => {
    all = await Promise.all([processes.start(), processes.start(), processes.start({ cache: { memory: NO_MEMORY } })]);
  });

  it('set an absent key once', async () => {
    for (let round = 0; round < 20; round++) {
      const key = `key ${String(round)}`;
      const outcomes = await Promise.all(all.map(({ engine }, index) => engine.setIfAbsent(key, index)));
      expect(outcomes.filter(({ stored }) => stored)).toHaveLength(1);
      const winner = outcomes.findIndex(({ stored }) => stored);
      for (const { engine } of all) await expectSoon(() => engine.get(key), winner);
    }
  });

  it('lose no increment of 300 at once', async () => {
    const sums = await Promise.all(
      all.flatMap(({ engine }) => Array.from({ length: 100 }, () => engine.increment('n'))),
    );
    expect([...sums].sort((one, other) => Number(one) - Number(other))).toEqual(
      Array.from({ length: 300 }, (_, index) => index + 1),
    );
    for (const { engine } of all) expect(await engine.get('n')).toBe(300);
  });

  it('end with the highest version, in whatever order they write', async () => {
    for (let round = 0; round < 10; round++) {
      const key = `key ${String(round)}`;
      const versions = [3, 9, 1, 7, 5, 8, 2, 6, 4];
      const engines = all.map(({ engine }) => engine);
      await Promise.all(
        versions.map(async (version, index) => engines[index % 3]?.set(key, version, { version, tags: ['t'] })),
      );
      for (const { engine } of all) await expectSoon(() => engine.get(key), 9);
    }
  });

  it('keep out what is older than a deletion by another', async () => {
    const [here, there] = all;
    await here?.engine.set('a', 'old', { version: 1 });
    await there?.engine.delete('a', { version: 2 });
    expect(await here?.engine.set('a', 'late', { version: 1 })).toEqual(OLDER);
    for (const { engine } of all) await expectSoon(() => engine.get('a'), undefined);
  });

  it('that write through leave the value of none that may not be the last', async () => {
    const [here, there] = all as [CacheProcess, CacheProcess];
    const first = new GatedLoader('first');
    const second = new GatedLoader('second');
    const writes = [
      here.engine.writeThrough('a', () => first.load(undefined as never)),
      first.began().then(() => there.engine.writeThrough('a', () => second.load(undefined as never))),
    ];
    await second.began();
    second.end();
    expect(await writes[1]).toBe('second');
    first.end();
    expect(await writes[0]).toBe('first');
    for (const { engine } of all) await expectSoon(() => engine.get('a'), undefined);
  });

  it('wait for the value that another writes through', async () => {
    const [here, there] = all as [CacheProcess, CacheProcess];
    await there.engine.set('a', 'old');
    const persist = new GatedLoader('new');
    const writing = here.engine.writeThrough('a', () => persist.load(undefined as never));
    await persist.began();
    const reading = there.engine.getOrSet('a', () => 'loaded too early');
    await eventually(() => there.engine.stats().loadWaits === 1);
    persist.end();
    expect(await Promise.all([writing, reading])).toEqual(['new', 'new']);
  });
});

describe('a write with a version in memory alone', () => {
  it.each<[string, (engine: CacheEngine) => Promise<unknown>]>([
    ['delete', (engine) => engine.delete('a')],
    ['deleteByPattern', (engine) => engine.deleteByPattern('a*')],
    ['deleteByTag', (engine) => engine.deleteByTag('t')],
    ['expire', (engine) => engine.expire('a')],
    ['clear', (engine) => engine.clear()],
  ])('is evicted by a %s that follows without waiting for it', async (_, evict) => {
    const cache = CacheEngine.create(engineOptions());
    await Promise.all([cache.set('a', 'old', { version: 1, tags: ['t'] }), evict(cache)]);
    expect(await cache.get('a')).toBeUndefined();
  });
});

describe('the floor of a deletion in memory alone', () => {
  it('is gone after the longest life of an entry', async () => {
    const clock = new FakeClock();
    const cache = CacheEngine.create(engineOptions({ ttlMs: 60_000, graceMs: 60_000 }), { clock });
    await cache.delete('a', { version: 6 });
    clock.advance(119_999);
    expect(await cache.set('a', 'late', { version: 5 })).toEqual(OLDER);
    clock.advance(1);
    expect(await cache.set('a', 'late', { version: 5 })).toEqual({ stored: true });
  });

  it('is one of ten thousand at most, the latest', async () => {
    const cache = CacheEngine.create(engineOptions());
    for (let index = 0; index <= 10_000; index++) await cache.delete(`key ${String(index)}`, { version: 6 });
    expect(await cache.set('key 0', 'late', { version: 5 })).toEqual({ stored: true });
    expect(await cache.set('key 1', 'late', { version: 5 })).toEqual(OLDER);
  });
});
