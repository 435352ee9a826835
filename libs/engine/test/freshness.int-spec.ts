import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine, LoadTimeoutError, NothingToRenewError } from '@nest-strata/engine';
import type { CacheEvent, LoadContext, LoadOptions, ResolvedCacheOptions } from '@nest-strata/engine';
import { FakeClock, SeededRandom } from '@nest-strata/testing';
import { engineOptions } from './engine-options.js';
import { GatedLoader } from './gated-loader.js';

const MINUTE_MS = 60_000;

let clock: FakeClock;
let cache: CacheEngine;
let loads: number;

function makeCache(options: Partial<ResolvedCacheOptions> = {}, seed = 1): CacheEngine {
  return CacheEngine.create(engineOptions(options), { clock, random: new SeededRandom(seed) });
}

beforeEach(() => {
  clock = new FakeClock();
  cache = makeCache();
  loads = 0;
});

/** Says which load it was. */
const load = () => `load ${String(++loads)}`;
const failing = () => {
  loads++;
  throw new Error('database away');
};
const getOrSet = (options: LoadOptions, loader: (context: LoadContext) => unknown = load) =>
  cache.getOrSet('a', loader, options);

describe('a time to live', () => {
  it('ends to the millisecond', async () => {
    await getOrSet({ ttl: '1m' });
    clock.advance(MINUTE_MS - 1);
    expect(await cache.get('a')).toBe('load 1');
    clock.advance(1);
    expect(await cache.get('a')).toBeUndefined();
    expect(await getOrSet({ ttl: '1m' })).toBe('load 2');
  });

  it('does not begin before the value is there', async () => {
    const loader = () => {
      clock.advance(2 * MINUTE_MS);
      return load();
    };
    await getOrSet({ ttl: '1m' }, loader);
    clock.advance(MINUTE_MS - 1);
    expect(await cache.get('a')).toBe('load 1');
  });

  it('of nothing may be another', async () => {
    const options = { ttl: '1h', negativeTtl: '1m' } as const;
    for (const nothing of [null, undefined]) {
      await getOrSet(options, () => nothing);
      expect(await cache.ttl('a')).toBe(MINUTE_MS);
      await cache.delete('a');
    }
    await getOrSet(options, () => 0);
    expect(await cache.ttl('a')).toBe(60 * MINUTE_MS);
  });

  it('of nothing may be none at all', async () => {
    expect(await getOrSet({ negativeTtl: '0ms' }, () => null)).toBeNull();
    expect(await cache.has('a')).toBe(false);
    expect(await cache.set('a', undefined, { negativeTtl: '0ms' })).toEqual({ stored: false, reason: 'ttl-zero' });
    expect(await cache.setIfAbsent('a', null, { negativeTtl: '0ms' })).toEqual({ stored: false, reason: 'ttl-zero' });
  });

  it('of nothing is what the loader says, where it says something', async () => {
    await getOrSet({ negativeTtl: '1m' }, (context) => ((context.ttl = '2m'), null));
    expect(await cache.ttl('a')).toBe(2 * MINUTE_MS);
  });
});

describe('grace', () => {
  const options = { ttl: '1m', grace: '5m', retryAfter: '0ms' } as const;

  it('lets a stale copy stand in for a load that fails, for so long after the ttl', async () => {
    await getOrSet(options);
    clock.advance(6 * MINUTE_MS - 1);
    expect(await getOrSet(options, failing)).toBe('load 1');
    clock.advance(1);
    await expect(getOrSet(options, failing)).rejects.toThrow('database away');
  });

  it('may end while a load is under way, which nothing stands in for then', async () => {
    const options = { ttl: '1m', grace: '1m', softTimeout: '80s', hardTimeout: '90s' } as const;
    await getOrSet(options);
    clock.advance(MINUTE_MS + 1);
    const loader = new GatedLoader('never');
    const [waiting, instead] = [getOrSet(options, loader.load), getOrSet(options)];
    await loader.began();
    clock.advance(80_000);
    clock.advance(10_000);
    for (const late of [waiting, instead]) await expect(late).rejects.toBeInstanceOf(LoadTimeoutError);
    const last = getOrSet(options);
    loader.gate.fail(new Error('database away'));
    await expect(last).rejects.toThrow('database away');
  });

  it('is no reason not to load', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    expect(await getOrSet(options)).toBe('load 2');
  });

  it('shows a stale copy as such, and as no hit', async () => {
    await getOrSet(options);
    clock.advance(2 * MINUTE_MS);
    expect(await cache.get('a')).toBeUndefined();
    expect(await cache.has('a')).toBe(false);
    const stale = { hit: false, stale: true, value: 'load 1', tier: 'memory', ageMs: 2 * MINUTE_MS, ttlMs: 0 };
    expect(await cache.lookup('a')).toEqual(stale);
    expect(await cache.setIfAbsent('a', 'set')).toEqual({ stored: true });
  });

  it('does not keep what was deleted or invalidated', async () => {
    for (const evict of [() => cache.delete('a'), () => cache.deleteByTag('t'), () => cache.clear()]) {
      await getOrSet({ ...options, tags: ['t'] });
      clock.advance(MINUTE_MS);
      await evict();
      await expect(getOrSet(options, failing)).rejects.toThrow('database away');
    }
  });

  it('keeps what was expired by hand', async () => {
    await getOrSet(options);
    await cache.expire('a');
    expect(await getOrSet(options, failing)).toBe('load 1');
  });

  it('counts and tells stale hits', async () => {
    const events: CacheEvent[] = [];
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    cache.listen((event) => events.push(event));
    await getOrSet(options, failing);
    expect(cache.stats()).toMatchObject({ hits: 1, staleHits: 1, loadFailures: 1 });
    expect(events).toContainEqual({ type: 'hit', cache: 'test', key: 'a', tier: 'memory', stale: true });
  });
});

describe('a load that failed while there is a stale copy', () => {
  const options = { ttl: '1m', grace: '1h' } as const;

  it('is not tried again for a second', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    for (let call = 0; call < 5; call++) expect(await getOrSet(options, failing)).toBe('load 1');
    expect(loads).toBe(2);
    clock.advance(999);
    expect(await getOrSet(options)).toBe('load 1');
    clock.advance(1);
    expect(await getOrSet(options)).toBe('load 3');
  });

  it('is tried again at once where that is wanted, or later', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    await getOrSet({ ...options, retryAfter: '0ms' }, failing);
    await getOrSet({ ...options, retryAfter: '10s' }, failing);
    expect(loads).toBe(3);
    clock.advance(9_999);
    await getOrSet({ ...options, retryAfter: '10s' }, failing);
    expect(loads).toBe(3);
  });

  it('is tried again once the key was written or evicted', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    await getOrSet(options, failing);
    await cache.delete('a');
    expect(await getOrSet(options)).toBe('load 3');
  });

  it('does not throttle a forced load', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    await getOrSet(options, failing);
    expect(await getOrSet({ ...options, forceRefresh: true })).toBe('load 3');
  });
});

describe('errorTtl', () => {
  it('lets the error stand for further loads', async () => {
    const options = { errorTtl: '10s' } as const;
    const error = new Error('the very error');
    const first = getOrSet(options, () => Promise.reject(error));
    await expect(first).rejects.toBe(error);
    clock.advance(9_999);
    await expect(getOrSet(options)).rejects.toBe(error);
    clock.advance(1);
    expect(await getOrSet(options)).toBe('load 1');
  });

  it('is forgotten by a set', async () => {
    await expect(getOrSet({ errorTtl: '10s' }, failing)).rejects.toThrow();
    await cache.set('a', 'set');
    await cache.delete('a');
    expect(await getOrSet({})).toBe('load 2');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['delete', () => cache.delete('a')],
    ['clear', () => cache.clear()],
  ])('does not remember a load that began before a %s', async (_, evict) => {
    const loader = new GatedLoader('late');
    const caller = getOrSet({ errorTtl: '10s' }, loader.load);
    await loader.began();
    await evict();
    loader.gate.fail(new Error('of before'));
    await expect(caller).rejects.toThrow('of before');
    expect(await getOrSet({ errorTtl: '10s' })).toBe('load 1');
  });

  it('does not remember a load that was given up', async () => {
    const controller = new AbortController();
    const loader = ({ signal }: LoadContext) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const caller = getOrSet({ errorTtl: '1h', signal: controller.signal }, loader);
    await nextTurn();
    controller.abort(new Error('enough'));
    await expect(caller).rejects.toThrow('enough');
    await nextTurn();
    expect(await getOrSet({ errorTtl: '1h' })).toBe('load 1');
  });
});

describe('staleWhileRevalidate', () => {
  const options = { ttl: '1m', staleWhileRevalidate: '1m' } as const;

  it('serves a stale copy at once while one load renews it', async () => {
    await getOrSet(options);
    clock.advance(2 * MINUTE_MS - 1);
    const loader = new GatedLoader('renewed');
    for (let call = 0; call < 5; call++) expect(await getOrSet(options, loader.load)).toBe('load 1');
    await loader.began();
    expect(await getOrSet(options, loader.load)).toBe('load 1');
    loader.end();
    await nextTurn();
    expect(loader.runs).toBe(1);
    expect(await getOrSet(options)).toBe('renewed');
    expect(cache.stats()).toMatchObject({ refreshes: 1, staleHits: 6 });
  });

  it('waits for the load after its time', async () => {
    await getOrSet(options);
    clock.advance(2 * MINUTE_MS);
    expect(await getOrSet(options)).toBe('load 2');
  });

  it('waits for the load after its time although that began within it', async () => {
    const withGrace = { ...options, grace: '1h' } as const;
    await getOrSet(withGrace);
    clock.advance(MINUTE_MS);
    const loader = new GatedLoader('renewed');
    expect(await getOrSet(withGrace, loader.load)).toBe('load 1');
    await loader.began();
    clock.advance(MINUTE_MS);
    const waiting = getOrSet(withGrace, loader.load);
    await nextTurn();
    loader.end();
    expect(await waiting).toBe('renewed');
  });

  it('keeps the copy where the load fails, and is tried again later', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    expect(await getOrSet(options, failing)).toBe('load 1');
    await nextTurn();
    expect(await getOrSet(options, failing)).toBe('load 1');
    await nextTurn();
    expect(loads).toBe(2);
    clock.advance(1_000);
    expect(await getOrSet(options)).toBe('load 1');
    await nextTurn();
    expect(await getOrSet(options)).toBe('load 3');
  });

  it('is a default of the cache, too', async () => {
    cache = makeCache({ ttlMs: MINUTE_MS, staleWhileRevalidateMs: MINUTE_MS });
    await getOrSet({});
    clock.advance(MINUTE_MS);
    expect(await getOrSet({})).toBe('load 1');
    await nextTurn();
    expect(await getOrSet({})).toBe('load 2');
  });
});

describe('refreshAhead', () => {
  const options = { ttl: '10m', refreshAhead: 0.8 } as const;

  it('renews, once, what is read after that share of its life, and serves it meanwhile', async () => {
    await getOrSet(options);
    clock.advance(8 * MINUTE_MS - 1);
    expect(await getOrSet(options)).toBe('load 1');
    await nextTurn();
    expect(loads).toBe(1);
    clock.advance(1);
    expect(await Promise.all([1, 2, 3].map(() => getOrSet(options)))).toEqual(['load 1', 'load 1', 'load 1']);
    await nextTurn();
    expect(loads).toBe(2);
    expect(await getOrSet(options)).toBe('load 2');
    expect(await cache.ttl('a')).toBe(10 * MINUTE_MS);
  });

  it('keeps the value when it fails, until that ends', async () => {
    const events: CacheEvent[] = [];
    cache.listen((event) => events.push(event));
    await getOrSet(options);
    clock.advance(9 * MINUTE_MS);
    expect(await getOrSet(options, failing)).toBe('load 1');
    await nextTurn();
    expect(events).toContainEqual({
      ...{ type: 'load', cache: 'test', key: 'a', background: true },
      ...{ durationMs: 0, error: new Error('database away') },
    });
    expect(await getOrSet(options)).toBe('load 1');
    clock.advance(MINUTE_MS);
    expect(await getOrSet(options)).toBe('load 3');
  });

  it('works for caches whose calls say nothing of it', async () => {
    cache = makeCache({ ttlMs: 10 * MINUTE_MS, refreshAhead: 0.5 });
    await getOrSet({});
    clock.advance(5 * MINUTE_MS);
    expect(await getOrSet({})).toBe('load 1');
    await nextTurn();
    expect(await getOrSet({})).toBe('load 2');
  });

  it('does not renew what is read without a loader', async () => {
    await getOrSet(options);
    clock.advance(9 * MINUTE_MS);
    expect(await cache.get('a')).toBe('load 1');
    await nextTurn();
    expect(loads).toBe(1);
  });

  it('does not renew what has no end', async () => {
    await getOrSet({ ttl: 'forever', refreshAhead: 0.1 });
    clock.advance(1e9);
    expect(await getOrSet({ ttl: 'forever', refreshAhead: 0.1 })).toBe('load 1');
    await nextTurn();
    expect(loads).toBe(1);
  });

  it('discards what it loaded where the key or a tag has changed meanwhile', async () => {
    const changes: [() => Promise<unknown>, unknown][] = [
      [() => cache.set('a', 'set'), 'set'],
      [() => cache.delete('a'), undefined],
      [() => cache.deleteByTag('t'), undefined],
      [() => cache.deleteByPattern('*'), undefined],
      [() => cache.clear(), undefined],
    ];
    for (const [change, after] of changes) {
      const tagged = { ...options, tags: ['t'] };
      await cache.getOrSet('a', () => 'old', { ...tagged, forceRefresh: true });
      clock.advance(9 * MINUTE_MS);
      const loader = new GatedLoader('outdated');
      expect(await getOrSet(tagged, loader.load)).toBe('old');
      await loader.began();
      await change();
      loader.end();
      await nextTurn();
      expect(await cache.get('a')).toBe(after);
    }
  });

  it('renews nothing for a caller who asks about a key that has gone', async () => {
    await getOrSet(options);
    clock.advance(10 * MINUTE_MS);
    expect(await getOrSet(options)).toBe('load 2');
  });
});

describe('earlyRefresh', () => {
  it('renews at random before the end, the likelier the longer the load takes', async () => {
    const renewedOf = async (loadMs: number) => {
      let renewed = 0;
      for (let seed = 0; seed < 200; seed++) {
        cache = makeCache({}, seed);
        const options = { ttl: '1m', earlyRefresh: 1 } as const;
        const slow = () => {
          clock.advance(loadMs);
          return 1;
        };
        await getOrSet(options, slow);
        clock.advance(MINUTE_MS - 1_000);
        let again = 0;
        await getOrSet(options, () => ++again);
        await nextTurn();
        renewed += again;
      }
      return renewed / 200;
    };
    // The chance is e^(-time left / time of the load): 0.37 and 0.82.
    expect(Math.abs((await renewedOf(1_000)) - Math.exp(-1))).toBeLessThan(0.1);
    expect(Math.abs((await renewedOf(5_000)) - Math.exp(-0.2))).toBeLessThan(0.1);
    expect(await renewedOf(1)).toBe(0);
  });
});

describe('softTimeout', () => {
  const options = { ttl: '1m', grace: '1h', softTimeout: '100ms' } as const;

  it('serves a stale copy to who has waited so long, and stores the value when it comes', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    const loader = new GatedLoader('late');
    const waiting = getOrSet(options, loader.load);
    await loader.began();
    clock.advance(99);
    const joining = getOrSet(options, loader.load);
    clock.advance(1);
    expect(await Promise.all([waiting, joining])).toEqual(['load 1', 'load 1']);
    expect(await getOrSet(options, failing)).toBe('load 1');
    loader.end();
    await nextTurn();
    expect(await cache.get('a')).toBe('late');
    expect(loads).toBe(1);
  });

  it('is no limit where there is no copy to serve', async () => {
    const loader = new GatedLoader('late');
    const waiting = getOrSet(options, loader.load);
    await loader.began();
    clock.advance(10_000);
    loader.end();
    expect(await waiting).toBe('late');
  });

  it('leaves no timer behind', async () => {
    await getOrSet({ ...options, hardTimeout: '1s' });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('hardTimeout', () => {
  const options = { hardTimeout: '100ms' } as const;

  it('rejects who has waited so long, and stores the value when it comes', async () => {
    const loader = new GatedLoader('late');
    const waiting = getOrSet(options, loader.load);
    await loader.began();
    clock.advance(100);
    await expect(waiting).rejects.toBeInstanceOf(LoadTimeoutError);
    await expect(waiting).rejects.toMatchObject({ code: 'LOAD_TIMEOUT', key: 'a', cache: 'test' });
    await expect(waiting).rejects.toThrow('within 100 ms');
    expect(loader.context?.signal.aborted).toBe(false);
    loader.end();
    await nextTurn();
    expect(await cache.get('a')).toBe('late');
  });

  it('holds for who joins the load later, too', async () => {
    const loader = new GatedLoader('late');
    const first = getOrSet(options, loader.load);
    await loader.began();
    clock.advance(100);
    await expect(first).rejects.toThrow('within 100 ms');
    const second = getOrSet(options, loader.load);
    clock.advance(100);
    await expect(second).rejects.toThrow('within 100 ms');
    const third = getOrSet(options, loader.load);
    loader.end();
    expect(await third).toBe('late');
    expect(loader.runs).toBe(1);
  });

  it('gives a stale copy where there is one, else the fallback', async () => {
    const stale = { ...options, ttl: '1m', grace: '1h' } as const;
    await getOrSet(stale);
    clock.advance(MINUTE_MS);
    const loader = new GatedLoader('late');
    const first = getOrSet(stale, loader.load);
    const second = cache.getOrSet('b', loader.load, { ...options, fallback: () => 'instead' });
    await loader.began();
    await nextTurn();
    clock.advance(100);
    expect(await Promise.all([first, second])).toEqual(['load 1', 'instead']);
    loader.end();
    await nextTurn();
    expect(await cache.getMany(['a', 'b'])).toEqual(['late', 'late']);
  });

  it('of nothing is no limit', async () => {
    const loader = new GatedLoader('late');
    const waiting = getOrSet({ hardTimeout: '0ms', softTimeout: '0ms' }, loader.load);
    await loader.began();
    clock.advance(1e9);
    loader.end();
    expect(await waiting).toBe('late');
  });

  it('tells no more of a load that fails after its callers have left', async () => {
    const loader = new GatedLoader('never');
    const waiting = getOrSet(options, loader.load);
    await loader.began();
    clock.advance(100);
    await expect(waiting).rejects.toThrow('within 100 ms');
    loader.gate.fail(new Error('database away'));
    await nextTurn();
    expect(cache.stats().loadFailures).toBe(1);
    expect(await getOrSet({})).toBe('load 1');
  });
});

describe('fallback', () => {
  it('stands in for an error, knows it, and is not stored', async () => {
    const fallback = (error: unknown) => `instead of ${(error as Error).message}`;
    expect(await getOrSet({ fallback }, failing)).toBe('instead of database away');
    expect(await cache.has('a')).toBe(false);
    expect(await getOrSet({ fallback })).toBe('load 2');
  });

  it('comes after a stale copy', async () => {
    const options = { ttl: '1m', grace: '1h', fallback: () => 'instead' } as const;
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    expect(await getOrSet(options, failing)).toBe('load 1');
  });

  it('rejects the caller with what it throws itself', async () => {
    const fallback = () => {
      throw new Error('no way out');
    };
    await expect(getOrSet({ fallback }, failing)).rejects.toThrow('no way out');
  });
});

describe('a loader', () => {
  const options = { ttl: '1m', grace: '1h' } as const;
  const conditional = (etag: string) => (context: LoadContext) => {
    if (context.stale?.etag === etag) return context.notModified();
    context.etag = etag;
    return load();
  };

  it('gets the stale copy and its etag, and may say that it still holds', async () => {
    await getOrSet(options, conditional('v1'));
    clock.advance(MINUTE_MS);
    expect(await getOrSet(options, conditional('v1'))).toBe('load 1');
    expect(loads).toBe(1);
    clock.advance(MINUTE_MS - 1);
    expect(await cache.get('a')).toBe('load 1');
    clock.advance(1);
    expect(await getOrSet(options, conditional('v2'))).toBe('load 2');
    clock.advance(MINUTE_MS);
    expect(await getOrSet(options, conditional('v2'))).toBe('load 2');
    expect(loads).toBe(2);
  });

  it('may give what still holds another time', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    await getOrSet(options, (context) => {
      context.ttl = '5m';
      return context.notModified();
    });
    expect(await cache.ttl('a')).toBe(5 * MINUTE_MS);
  });

  it('may not say that nothing still holds', async () => {
    await expect(getOrSet(options, (context) => context.notModified())).rejects.toBeInstanceOf(NothingToRenewError);
    await getOrSet(options);
    const forced = getOrSet({ ...options, forceRefresh: true }, (context) => context.notModified());
    await expect(forced).rejects.toMatchObject({ code: 'NOTHING_TO_RENEW', key: 'a' });
  });

  it('does not revive what was evicted meanwhile', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    const renewing = async (context: LoadContext) => {
      await cache.delete('a');
      return context.notModified();
    };
    expect(await getOrSet(options, renewing)).toBe('load 1');
    expect(await cache.lookup('a')).toMatchObject({ hit: false, stale: false });
  });

  it('sees a copy that it cannot change', async () => {
    await getOrSet(options, () => ({ names: ['a'] }));
    clock.advance(MINUTE_MS);
    const loader = (context: LoadContext) => {
      (context.stale?.value as { names: string[] }).names.push('b');
      return null;
    };
    await getOrSet({ ...options, retryAfter: '0ms' }, loader).catch(() => undefined);
    expect(await cache.lookup('a')).toMatchObject({ value: { names: ['a'] } });
  });

  it('keeps the etag of a batch entry apart from the others', async () => {
    const loader = (keys: readonly string[], context: { for(key: string): LoadContext }) => {
      for (const key of keys) context.for(key).etag ??= `of ${key}`;
      return new Map(keys.map((key) => [key, context.for(key).stale?.etag ?? load()]));
    };
    await cache.getOrSetMany(['a', 'b'], loader, options);
    clock.advance(MINUTE_MS);
    expect(await cache.getOrSetMany(['a', 'b'], loader, options)).toEqual(['of a', 'of b']);
  });

  it('may fail with a reason', async () => {
    await expect(getOrSet({}, (context) => context.fail('not found'))).rejects.toThrow('not found');
    await expect(getOrSet({}, (context) => context.fail(new RangeError('far')))).rejects.toBeInstanceOf(RangeError);
  });
});

describe('slidingTtl', () => {
  const options = { ttl: '10m', slidingTtl: '1m' } as const;

  it('lets an entry live that is read, up to its ttl', async () => {
    await getOrSet(options);
    for (let minute = 0; minute < 9; minute++) {
      clock.advance(MINUTE_MS - 1);
      expect(await getOrSet(options)).toBe('load 1');
    }
    // Nine times a millisecond too early; the cap is ten minutes after it was stored.
    clock.advance(MINUTE_MS - 1);
    expect(await getOrSet(options)).toBe('load 1');
    clock.advance(10);
    expect(await getOrSet(options)).toBe('load 2');
  });

  it('ends an entry that nobody reads', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS);
    expect(await getOrSet(options)).toBe('load 2');
  });

  it('is prolonged by reads without a loader where the cache says so', async () => {
    cache = makeCache({ ttlMs: 10 * MINUTE_MS, slidingTtlMs: MINUTE_MS });
    await cache.set('a', 1);
    clock.advance(MINUTE_MS - 1);
    expect(await cache.get('a')).toBe(1);
    clock.advance(MINUTE_MS - 1);
    expect(await cache.getMany(['a'])).toEqual([1]);
    clock.advance(MINUTE_MS);
    expect(await cache.get('a')).toBeUndefined();
  });

  it('is not prolonged before half of it has passed, which spares writes', async () => {
    await getOrSet(options);
    clock.advance(MINUTE_MS / 2 - 1);
    await getOrSet(options);
    expect(await cache.ttl('a')).toBe(MINUTE_MS / 2 + 1);
    clock.advance(1);
    await getOrSet(options);
    expect(await cache.ttl('a')).toBe(MINUTE_MS);
  });

  it('keeps its grace behind it', async () => {
    const graced = { ...options, grace: '1m', retryAfter: '0ms' } as const;
    await getOrSet(graced);
    clock.advance(MINUTE_MS - 1);
    await getOrSet(graced);
    clock.advance(2 * MINUTE_MS - 1);
    expect(await getOrSet(graced, failing)).toBe('load 1');
    clock.advance(1);
    await expect(getOrSet(graced, failing)).rejects.toThrow('database away');
  });
});

describe('options of a call that cannot be', () => {
  it.each<[LoadOptions, string]>([
    [{ refreshAhead: 1 }, 'Option refreshAhead: 1 given; write a share of the ttl in [0, 1)'],
    [{ refreshAhead: -0.1 }, 'Option refreshAhead: -0.1 given'],
    [{ earlyRefresh: -1 }, 'Option earlyRefresh: -1 given; write 0 for none, 1, or more for earlier'],
    [{ earlyRefresh: Infinity }, 'Option earlyRefresh: Infinity given'],
    [{ onLockTimeout: 'wait' as 'fail' }, "given; write 'load' or 'fail'"],
    [{ fallback: 'value' as never }, 'Option fallback: string given; write a function of the error'],
    [{ grace: 5 as never }, '5 is not a duration'],
    [{ version: -1 }, 'Option version: -1 given; write a whole number of 0 or more'],
  ])('are refused: %p', async (options, message) => {
    await expect(getOrSet(options)).rejects.toThrow(message);
    expect(loads).toBe(0);
  });
});
