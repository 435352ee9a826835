import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine, DEFAULT_CACHE_OPTIONS } from '@nest-strata/engine';
import type { EntryOptions, ResolvedCacheOptions } from '@nest-strata/engine';
import { eventually } from '@nest-strata/testing';
import { LEASE_MS } from '../src/leases/held-leases.js';
import { CacheProcesses } from './cache-processes.js';
import type { CacheProcess } from './cache-processes.js';
import { engineOptions, NO_MEMORY } from './engine-options.js';
import { expectSoon } from './expect-soon.js';
import { SharedRedis } from './shared-redis.js';

const SMALL: Partial<ResolvedCacheOptions> = { limits: { ...DEFAULT_CACHE_OPTIONS.limits, maxValueBytes: 1_000 } };
const TOO_LARGE = 'x'.repeat(5_000);
const NOTHING: EntryOptions = { negativeTtl: '0ms' };
const RETRIED_MS = 5_000;

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

describe.each(['memory', 'redis', 'memory over redis'])('a value that a cache of %s does not store', (kind) => {
  let cache: CacheEngine;

  beforeEach(async () => {
    if (kind === 'memory') cache = CacheEngine.create(engineOptions(SMALL));
    else {
      const options = kind === 'redis' ? { ...SMALL, memory: NO_MEMORY } : SMALL;
      cache = (await processes.start({ cache: options })).engine;
    }
    await cache.set('a', 'old', { grace: '1h' });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['a null', () => cache.set('a', null, NOTHING), 'ttl-zero'],
    ['an undefined', () => cache.set('a', undefined, NOTHING), 'ttl-zero'],
    ['a null that replaces', () => cache.replace('a', null, NOTHING), 'ttl-zero'],
    ['one without a time to live', () => cache.set('a', 'new', { ttl: '0ms' }), 'ttl-zero'],
    ['one without a time to live that replaces', () => cache.replace('a', 'new', { ttl: '0ms' }), 'ttl-zero'],
    ['one that is too large', () => cache.set('a', TOO_LARGE), 'value-too-large'],
    ['one too large that replaces', () => cache.replace('a', TOO_LARGE), 'value-too-large'],
  ])('leaves nothing older to be served: %s', async (_, write, reason) => {
    expect(await write()).toEqual({ stored: false, reason });
    expect(await cache.lookup('a')).toEqual({ hit: false, stale: false, value: undefined });
  });

  it.each([
    ['null', null],
    ['one that is too large', TOO_LARGE],
  ])('leaves nothing older when it was loaded: %s', async (_, value) => {
    expect(await cache.getOrSet('a', () => value, { ...NOTHING, forceRefresh: true })).toBe(value);
    expect(await cache.lookup('a')).toEqual({ hit: false, stale: false, value: undefined });
    await cache.set('a', 'old', { grace: '1h' });
    await cache.expire('a');
    expect(await cache.getOrSet('a', () => value, NOTHING)).toBe(value);
    expect(await cache.lookup('a')).toEqual({ hit: false, stale: false, value: undefined });
    expect(await cache.getOrSet('a', () => 'loaded')).toBe('loaded');
  });

  it('takes a counter away, too', async () => {
    await cache.increment('n', 5);
    expect(await cache.getOrSet('n', () => null, { ...NOTHING, forceRefresh: true })).toBeNull();
    expect(await cache.increment('n')).toBe(1);
  });

  it('leaves alone what was written while it was loaded', async () => {
    const load = async () => {
      await cache.set('a', 'new');
      return null;
    };
    expect(await cache.getOrSet('a', load, { ...NOTHING, forceRefresh: true })).toBeNull();
    expect(await cache.get('a')).toBe('new');
  });

  it('leaves alone what has a higher version, and keeps lower ones out', async () => {
    await cache.set('a', 'higher', { version: 7 });
    expect(await cache.set('a', TOO_LARGE, { version: 6 })).toMatchObject({ stored: false });
    expect(await cache.replace('a', null, { ...NOTHING, version: 6 })).toMatchObject({ stored: false });
    expect(await cache.get('a')).toBe('higher');
    expect(await cache.set('a', null, { ...NOTHING, version: 8 })).toMatchObject({ reason: 'ttl-zero' });
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.set('a', 'late', { version: 7 })).toEqual({ stored: false, reason: 'older-version' });
  });

  it('leaves the floor of a deletion alone when it was loaded', async () => {
    await cache.delete('a', { version: 9 });
    expect(await cache.getOrSet('a', () => null, NOTHING)).toBeNull();
    expect(await cache.getOrSet('a', () => null, { ...NOTHING, forceRefresh: true })).toBeNull();
    expect(await cache.set('a', 'late', { version: 8 })).toEqual({ stored: false, reason: 'older-version' });
  });

  it('leaves what there is where only an empty place was to be filled', async () => {
    expect(await cache.setIfAbsent('a', null, NOTHING)).toEqual({ stored: false, reason: 'ttl-zero' });
    expect(await cache.setIfAbsent('b', TOO_LARGE)).toEqual({ stored: false, reason: 'value-too-large' });
    expect(await cache.get('a')).toBe('old');
  });
});

describe('a value that is not stored while Redis does not answer', () => {
  let here: CacheProcess;
  let there: CacheProcess;

  beforeEach(async () => {
    [here, there] = await Promise.all([processes.start({ cache: SMALL }), processes.start()]);
    await there.engine.set('a', 'old');
    for (const { engine } of [here, there]) await expectSoon(() => engine.get('a'), 'old');
  });

  async function expectEvicted(): Promise<void> {
    expect(here.engine.pendingEvicts.count).toBe(1);
    here.redis.disturb({});
    expect(await here.engine.get('a')).toBeUndefined();
    await eventually(() => here.engine.pendingEvicts.count === 0, RETRIED_MS);
    await expectSoon(() => there.engine.get('a'), undefined);
  }

  it.each<[string, (engine: CacheEngine) => Promise<unknown>]>([
    ['too large', (engine) => engine.set('a', TOO_LARGE)],
    ['null', (engine) => engine.set('a', null, NOTHING)],
    ['null that replaces', (engine) => engine.replace('a', null, NOTHING)],
  ])('becomes an evict: %s', async (_, write) => {
    await here.engine.set('known', 1);
    here.redis.disturb({ refuse: 1 });
    await write(here.engine);
    await expectEvicted();
  });

  it('becomes an evict when it was loaded', async () => {
    const load = () => {
      here.redis.disturb({ refuse: 1 });
      return null;
    };
    expect(await here.engine.getOrSet('a', load, { ...NOTHING, forceRefresh: true })).toBeNull();
    await expectEvicted();
  });
});

it('ends the claim of a load at once, so that nobody waits for it', async () => {
  const [here, there] = await Promise.all([processes.start(), processes.start()]);
  await there.engine.set('a', 'old');
  expect(await here.engine.getOrSet('a', () => null, { ...NOTHING, forceRefresh: true })).toBeNull();
  await processes.untilHeardBy(there);
  const startedAtMs = performance.now();
  expect(await there.engine.getOrSet('a', () => 'loaded')).toBe('loaded');
  expect(performance.now() - startedAtMs).toBeLessThan(LEASE_MS / 2);
});
