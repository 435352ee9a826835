import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LoadShedError, LoadTimeoutError, LockTimeoutError } from '@nest-strata/engine';
import type { CacheEngine, LoadOptions } from '@nest-strata/engine';
import { RedisUnavailableError } from '@nest-strata/redis';
import { eventually, SkewedClock } from '@nest-strata/testing';
import { CacheProcesses } from './cache-processes.js';
import { NO_MEMORY } from './engine-options.js';
import type { CacheProcess } from './cache-processes.js';
import { expectSoon } from './expect-soon.js';
import { GatedLoader } from './gated-loader.js';
import { SharedRedis } from './shared-redis.js';

/** How long a lease outlives its holder. */
const LEASE_MS = 2_000;
/** What a push takes at most, and a busy machine adds; far less than waiting for the end of a lease. */
const SOON_MS = 500;

let redis: SharedRedis;
let processes: CacheProcesses;
let here: CacheProcess;
let there: CacheProcess;

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterAll(() => redis.stop());

beforeEach(async () => {
  processes = new CacheProcesses(redis);
  [here, there] = await Promise.all([processes.start(), processes.start()]);
});

afterEach(() => processes.close());

const failing = (message: string) => () => {
  throw new Error(message);
};

async function timed<T>(call: () => Promise<T>): Promise<{ value: T; elapsedMs: number }> {
  const startedAtMs = performance.now();
  const value = await call();
  return { value, elapsedMs: performance.now() - startedAtMs };
}

/** A load of `here` that has its lease and goes on until the test ends it. */
async function loadHere(options?: LoadOptions): Promise<{ loader: GatedLoader<string>; loaded: Promise<string> }> {
  const loader = new GatedLoader('loaded here');
  const loaded = here.engine.getOrSet('a', loader.load, options);
  loaded.catch(() => undefined);
  await loader.began();
  return { loader, loaded };
}

const leaseOf = async (key: string) => (await redis.send('GET', [processes.leaseKey(key)])) as Buffer | null;

describe('a load of several processes', () => {
  it('runs once for 3 processes with 50 callers each, and gives all its value', async () => {
    const third = await processes.start();
    const loader = new GatedLoader({ id: 1 });
    const callers = [here, there, third].flatMap(({ engine }) =>
      Array.from({ length: 50 }, () => engine.getOrSet('a', loader.load)),
    );
    await loader.began();
    await sleep(20);
    loader.end();
    expect(await Promise.all(callers)).toEqual(Array.from({ length: 150 }, () => ({ id: 1 })));
    expect(loader.runs).toBe(1);
    expect(await leaseOf('a')).toBeNull();
  });

  it('runs once for each key of overlapping batches', async () => {
    const loaded: string[] = [];
    const load = async (keys: readonly string[]) => {
      loaded.push(...keys);
      await sleep(20);
      return new Map(keys.map((key) => [key, key.toUpperCase()]));
    };
    const results = await Promise.all([
      here.engine.getOrSetMany(['a', 'b', 'c'], load),
      there.engine.getOrSetMany(['c', 'b', 'd'], load),
    ]);
    expect(results).toEqual([
      ['A', 'B', 'C'],
      ['C', 'B', 'D'],
    ]);
    expect(loaded.sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives who waits the value at once when it is there, and counts the wait', async () => {
    const { loader } = await loadHere();
    const waiting = there.engine.getOrSet('a', failing('not here'));
    await eventually(() => there.engine.stats().loadWaits === 1);
    const { value, elapsedMs } = await timed(() => {
      loader.end();
      return waiting;
    });
    expect(value).toBe('loaded here');
    expect(elapsedMs).toBeLessThan(SOON_MS);
  });

  it.each([
    ['fails', (loader: GatedLoader<string>) => loader.gate.fail(new Error('database away'))],
    [
      'is not to be stored',
      (loader: GatedLoader<string>) => {
        loader.context?.skip();
        loader.end();
      },
    ],
    [
      'brings what cannot be stored',
      (loader: GatedLoader<string>) => {
        if (loader.context !== undefined) loader.context.ttl = '0ms';
        loader.end();
      },
    ],
  ])('lets who waits load at once when it %s', async (_, end) => {
    const { loader } = await loadHere();
    const waiting = there.engine.getOrSet('a', () => 'loaded there');
    await eventually(() => there.engine.stats().loadWaits === 1);
    const { value, elapsedMs } = await timed(() => {
      end(loader);
      return waiting;
    });
    expect(value).toBe('loaded there');
    expect(elapsedMs).toBeLessThan(SOON_MS);
    expect(await there.engine.get('a')).toBe('loaded there');
  });

  it('is noticed soon when changes are not heard of', async () => {
    const deaf = await processes.start({ cache: { coherence: 'none' }, isUnheard: true });
    const { loader } = await loadHere();
    const waiting = deaf.engine.getOrSet('a', failing('not here'));
    await eventually(() => deaf.engine.stats().loadWaits > 0);
    const { value, elapsedMs } = await timed(() => {
      loader.end();
      return waiting;
    });
    expect(value).toBe('loaded here');
    expect(elapsedMs).toBeLessThan(SOON_MS);
  });

  it('is waited for once more when it ends without a value and another one begins', async () => {
    const { loader } = await loadHere();
    const third = await processes.start();
    const second = new GatedLoader('second');
    const waiting = [there, third].map(({ engine }) => engine.getOrSet('a', second.load));
    await eventually(() => there.engine.stats().loadWaits === 1 && third.engine.stats().loadWaits === 1);
    loader.gate.fail(new Error('database away'));
    await second.began();
    await sleep(20);
    second.end();
    expect(await Promise.all(waiting)).toEqual(['second', 'second']);
    expect(second.runs).toBe(1);
  });
});

describe('a lease', () => {
  it('is taken again at once by a process without memory, which is told of no values, its own included', async () => {
    const { engine } = await processes.start({ cache: { memory: NO_MEMORY } });
    const rounds = 40;
    const startedAtMs = performance.now();
    for (let round = 0; round < rounds; round++) {
      await engine.getOrSet('a', () => round);
      await engine.delete('a');
    }
    // An echo that does not come would be waited for 50 ms each time.
    expect(performance.now() - startedAtMs).toBeLessThan(rounds * 45);
  });

  it('is renewed while its load lasts', async () => {
    const { loader, loaded } = await loadHere();
    const leftMs = async () => Number(await redis.send('PTTL', [processes.leaseKey('a')]));
    const firstMs = await leftMs();
    expect(firstMs).toBeLessThanOrEqual(LEASE_MS);
    await eventually(async () => (await leftMs()) < firstMs - 300);
    await eventually(async () => (await leftMs()) > firstMs - 100);
    loader.end();
    await loaded;
  });

  it('ends by itself when its holder is gone, and who waits loads', async () => {
    await loadHere();
    const waiting = timed(() => there.engine.getOrSet('a', () => 'loaded there'));
    await here.crash();
    const { value, elapsedMs } = await waiting;
    expect(value).toBe('loaded there');
    expect(elapsedMs).toBeLessThan(LEASE_MS + SOON_MS);
    expect(await there.engine.get('a')).toBe('loaded there');
  });

  it('is not renewed by a process that was stopped for as long', async () => {
    const clock = new SkewedClock();
    here = await processes.start({ clock });
    const { loader, loaded } = await loadHere();
    await redis.send('DEL', [processes.leaseKey('a')]);
    const second = new GatedLoader('loaded there');
    const secondLoaded = there.engine.getOrSet('a', second.load);
    await second.began();
    here.sent.forget();
    clock.leap(LEASE_MS);
    await sleep(20);
    expect(here.sent.calls).not.toContain('PEXPIRE');
    loader.end();
    second.end();
    expect(await Promise.all([loaded, secondLoaded])).toEqual(['loaded here', 'loaded there']);
    expect(await there.engine.get('a')).toBe('loaded there');
  });

  it('is let go by who finds another holder when it renews it', async () => {
    const { loader, loaded } = await loadHere();
    await redis.send('SET', [processes.leaseKey('a'), 'somebody else', 'PX', 60_000]);
    here.sent.forget();
    await eventually(() => here.sent.calls.includes('PEXPIRE'));
    here.sent.forget();
    await sleep(600);
    expect(here.sent.calls).not.toContain('PEXPIRE');
    expect(String(await leaseOf('a'))).toBe('somebody else');
    loader.end();
    await loaded;
    expect(String(await leaseOf('a'))).toBe('somebody else');
  });

  it('survives a renewal that Redis does not confirm', async () => {
    const { loader, loaded } = await loadHere();
    const refused: string[] = [];
    here.redis.onCall = ({ name }) => {
      if (name !== 'PEXPIRE' || refused.length > 0) return;
      refused.push(name);
      throw new Error('lost');
    };
    await eventually(() => refused.length > 0);
    loader.end();
    await loaded;
    expect(await there.engine.get('a')).toBe('loaded here');
  });

  it('is given back when the cache is closed', async () => {
    await loadHere();
    const waiting = there.engine.getOrSet('a', () => 'loaded there');
    await eventually(() => there.engine.stats().loadWaits === 1);
    const { value, elapsedMs } = await timed(async () => {
      await here.engine.close();
      return waiting;
    });
    expect(value).toBe('loaded there');
    expect(elapsedMs).toBeLessThan(SOON_MS);
  });

  it('is given back when nobody waits any more, whatever the loader does', async () => {
    const controller = new AbortController();
    const { loader, loaded } = await loadHere({ signal: controller.signal });
    const waiting = there.engine.getOrSet('a', () => 'loaded there');
    await eventually(() => there.engine.stats().loadWaits === 1);
    const { value, elapsedMs } = await timed(() => {
      controller.abort(new Error('enough'));
      return waiting;
    });
    expect([value, loader.context?.signal.aborted]).toEqual(['loaded there', true]);
    expect(elapsedMs).toBeLessThan(SOON_MS);
    await expect(loaded).rejects.toThrow('enough');
    loader.end();
    await expectSoon(() => there.engine.get('a'), 'loaded there');
  });

  it('is not asked for by a load whose callers have left before it began', async () => {
    await here.engine.get('before');
    const controller = new AbortController();
    const claims = here.redis.gateReplies(({ name }) => name === 'TIME');
    const loader = new GatedLoader('unwanted');
    const caller = here.engine.getOrSet('a', loader.load, { signal: controller.signal });
    await claims.arrival();
    controller.abort(new Error('enough'));
    await expect(caller).rejects.toThrow('enough');
    claims.open();
    await eventually(async () => (await leaseOf('a')) === null);
    expect(loader.runs).toBe(0);
  });
});

describe('a load that lost its lease', () => {
  it('is returned and stored by nobody once another one took over', async () => {
    const { loader, loaded } = await loadHere();
    await redis.send('DEL', [processes.leaseKey('a')]);
    expect(await there.engine.getOrSet('a', () => 'loaded there')).toBe('loaded there');
    loader.end();
    expect(await loaded).toBe('loaded here');
    await expectSoon(() => here.engine.get('a'), 'loaded there');
    expect(await there.engine.get('a')).toBe('loaded there');
  });

  it.each([
    ['brings a value', (loader: GatedLoader<string>) => loader.end()],
    ['fails', (loader: GatedLoader<string>) => loader.gate.fail(new Error('away'))],
  ])('does not end the lease of who took over when it %s', async (_, end) => {
    const { loader, loaded } = await loadHere({ fallback: () => 'instead' });
    await redis.send('DEL', [processes.leaseKey('a')]);
    const second = new GatedLoader('loaded there');
    const secondLoaded = there.engine.getOrSet('a', second.load);
    await second.began();
    end(loader);
    await loaded;
    await here.engine.get('once its release was answered');
    expect(await leaseOf('a')).not.toBeNull();
    second.end();
    await secondLoaded;
    expect(await here.engine.get('a')).toBe('loaded there');
  });

  it('is not stored although its lease seems to be its own again', async () => {
    const { loader, loaded } = await loadHere();
    const token = await leaseOf('a');
    await there.engine.delete('a');
    await redis.send('SET', [processes.leaseKey('a'), token ?? '', 'PX', 10_000]);
    await redis.send('SET', [processes.valueKey('a'), 'of others']);
    loader.end();
    expect(await loaded).toBe('loaded here');
    expect(String(await redis.send('GET', [processes.valueKey('a')]))).toBe('of others');
  });
});

type Change = readonly [name: string, change: (engine: CacheEngine) => Promise<unknown>, after: unknown];

const CHANGES: readonly Change[] = [
  ['set', (engine) => engine.set('a', 'set meanwhile'), 'set meanwhile'],
  ['setIfAbsent', (engine) => engine.setIfAbsent('a', 'set meanwhile'), 'set meanwhile'],
  ['set with a version', (engine) => engine.set('a', 'set meanwhile', { version: 3 }), 'set meanwhile'],
  ['increment', (engine) => engine.increment('a'), 1],
  ['a forced load', (engine) => engine.getOrSet('a', () => 'forced', { forceRefresh: true }), 'forced'],
  ['delete', (engine) => engine.delete('a'), undefined],
  ['delete with a version', (engine) => engine.delete('a', { version: 3 }), undefined],
  ['deleteByTag', (engine) => engine.deleteByTag('t'), undefined],
  ['deleteByPattern', (engine) => engine.deleteByPattern('*'), undefined],
  ['expire', (engine) => engine.expire('a'), undefined],
  ['clear', (engine) => engine.clear(), undefined],
  ['writeThrough', (engine) => engine.writeThrough('a', () => 'persisted'), 'persisted'],
];

/** Ways in which a load can be under way. */
const LOADS: readonly (readonly [name: string, start: () => Promise<GatedLoader<string>>])[] = [
  ['that callers await', async () => (await loadHere({ tags: ['t'] })).loader],
  [
    'that goes on after its callers were dismissed',
    async () => {
      const { loader, loaded } = await loadHere({ tags: ['t'], hardTimeout: '1ms' });
      await expect(loaded).rejects.toBeInstanceOf(LoadTimeoutError);
      return loader;
    },
  ],
  [
    'that renews a stale copy in the background',
    async () => {
      await here.engine.set('a', 'stale', { tags: ['t'], grace: '1h' });
      await here.engine.expire('a');
      const { loader, loaded } = await loadHere({ tags: ['t'], grace: '1h', softTimeout: '1ms' });
      expect(await loaded).toBe('stale');
      return loader;
    },
  ],
  [
    'that refreshes ahead',
    async () => {
      await here.engine.set('a', 'ageing', { tags: ['t'], ttl: '10s' });
      const loader = new GatedLoader('loaded here');
      // The share of the life is over at once.
      expect(await here.engine.getOrSet('a', loader.load, { tags: ['t'], refreshAhead: 1e-9 })).toBe('ageing');
      await loader.began();
      return loader;
    },
  ],
];

describe.each(LOADS)('a load %s', (_kind, start) => {
  describe.each([
    ['this process', () => here],
    ['another process', () => there],
  ])('while %s changes its key', (who, by) => {
    it.each(CHANGES)('is never served afterwards: %s', async (name, change, after) => {
      const loader = await start();
      // Both want to be the first.
      if (name === 'setIfAbsent' || name === 'increment') await by().engine.delete('a');
      await change(by().engine);
      if (who === 'another process') await processes.untilHeardBy(here);
      loader.end();
      await sleep(5);
      for (const { engine } of [here, there]) expect(await engine.get('a')).toEqual(after);
      // Memory has had the time to take what it should not.
      for (const { engine } of [here, there]) expect(await engine.get('a')).toEqual(after);
    });
  });
});

describe('a load whose process hears nothing', () => {
  const briefly = async (engine: CacheEngine) => {
    await engine.set('a', 'brief', { ttl: '10ms' });
    await sleep(15);
  };

  const counted = async (engine: CacheEngine) => {
    await engine.increment('a', 1, { ttl: '10ms' });
    await sleep(15);
  };

  it.each<Change>([...CHANGES, ['set and expired', briefly, undefined], ['counted and expired', counted, undefined]])(
    'is kept out by Redis all the same: %s',
    async (_, change, after) => {
      here.redis.notifications.drop();
      const { loader, loaded } = await loadHere({ tags: ['t'] });
      await change(there.engine);
      loader.end();
      expect(await loaded).toBe('loaded here');
      expect(await there.engine.get('a')).toEqual(after);
    },
  );

  it('is kept out where a program that knows no leases has written', async () => {
    here.redis.notifications.drop();
    const { loader, loaded } = await loadHere();
    await redis.send('SET', [processes.valueKey('a'), 'of others']);
    loader.end();
    expect(await loaded).toBe('loaded here');
    expect(String(await redis.send('GET', [processes.valueKey('a')]))).toBe('of others');
  });
});

describe('a caller who comes after a change during a load', () => {
  const EVICTIONS = CHANGES.filter(([, , after]) => after === undefined);
  const ofTags = ([name]: Change) => name === 'deleteByTag' || name === 'clear';

  it.each(EVICTIONS.filter((change) => !ofTags(change)))('gets another load at once: %s', async (_, change) => {
    const { loader, loaded } = await loadHere({ tags: ['t'] });
    await change(there.engine);
    expect(await there.engine.getOrSet('a', () => 'newer', { tags: ['t'] })).toBe('newer');
    await processes.untilHeardBy(here);
    expect(await here.engine.getOrSet('a', failing('not again'), { tags: ['t'] })).toBe('newer');
    loader.end();
    expect(await loaded).toBe('loaded here');
    expect(await here.engine.get('a')).toBe('newer');
  });

  // Nobody knows which loads will turn out to carry a tag, so it does not end their leases.
  it.each(EVICTIONS.filter(ofTags))('gets another load once the first has ended: %s', async (_, change) => {
    const { loader, loaded } = await loadHere({ tags: ['t'] });
    await change(there.engine);
    await processes.untilHeardBy(here);
    const newer = new GatedLoader('newer');
    const later = [here, there].map(({ engine }) => engine.getOrSet('a', newer.load, { tags: ['t'] }));
    loader.end();
    expect(await loaded).toBe('loaded here');
    await newer.began();
    newer.end();
    expect(await Promise.all(later)).toEqual(['newer', 'newer']);
    expect(newer.runs).toBe(1);
    expect(await here.engine.get('a')).toBe('newer');
  });
});

describe('a load of a key whose name is shortened', () => {
  it('is not joined by who comes after an eviction elsewhere', async () => {
    const key = 'k'.repeat(3_000);
    // So that no word of a new record lets go of all loads.
    await here.engine.set('before', 1);
    await processes.untilHeardBy(here);
    const first = new GatedLoader('first');
    const early = here.engine.getOrSet(key, first.load);
    await first.began();
    await there.engine.delete(key);
    await processes.untilHeardBy(here);
    expect(await here.engine.getOrSet(key, () => 'second')).toBe('second');
    first.end();
    expect(await early).toBe('first');
    expect(await here.engine.get(key)).toBe('second');
  });
});

describe('who waits for a load', () => {
  it.each([
    ['', 'a'],
    [', though the name of its key is shortened', 'k'.repeat(3_000)],
  ])('does not miss the end of it that is told before Redis says how long it has%s', async (_, key) => {
    const loader = new GatedLoader('loaded here');
    const loaded = here.engine.getOrSet(key, loader.load);
    await loader.began();
    await processes.untilHeardBy(there);
    const reply = there.redis.gateReplies(({ name }) => name === 'PTTL');
    const waiting = there.engine.getOrSet(key, failing('not here'));
    await reply.arrival();
    loader.end();
    await loaded;
    await processes.untilHeardBy(there);
    const { elapsedMs } = await timed(() => {
      reply.open();
      return waiting;
    });
    expect(elapsedMs).toBeLessThan(SOON_MS);
    expect(await waiting).toBe('loaded here');
  });
});

describe('a program that knows no leases', () => {
  it.each([
    ['writes', () => redis.send('SET', [processes.valueKey('a'), '{}'])],
    [
      'writes and deletes again',
      async () => {
        await redis.send('SET', [processes.valueKey('a'), '{}']);
        await redis.send('DEL', [processes.valueKey('a')]);
      },
    ],
  ])('voids the load of a key that it %s', async (_, change) => {
    const { loader, loaded } = await loadHere();
    await change();
    await processes.untilHeardBy(here);
    loader.end();
    expect(await loaded).toBe('loaded here');
    expect(await there.engine.get('a')).toBeUndefined();
  });
});

describe('the leases of a batch', () => {
  it.each([
    ['how long another load still has', 'PTTL'],
    ['what is stored', 'GETRANGE'],
  ])('are all ended when Redis does not say %s', async (_, refused) => {
    const { loader } = await loadHere();
    let refusals = 0;
    there.redis.onCall = ({ name }) => {
      if (name === refused && refusals++ === 0) throw new RedisUnavailableError('deadline');
    };
    const load = (keys: readonly string[]) => new Map(keys.map((key) => [key, 'loaded there']));
    const waiting = there.engine.getOrSetMany(['a', 'b'], load);
    await eventually(() => refusals > 0);
    loader.end();
    await waiting;
    await expectSoon(() => leaseOf('b'), null);
  });
});

describe('who finds another load under way', () => {
  it('gets a stale copy at once where there is one', async () => {
    await here.engine.set('a', 'stale', { grace: '1h' });
    await here.engine.expire('a');
    const { loader, loaded } = await loadHere();
    const { value, elapsedMs } = await timed(() => there.engine.getOrSet('a', failing('not here')));
    expect(value).toBe('stale');
    expect(elapsedMs).toBeLessThan(SOON_MS);
    expect(await there.engine.getOrSet('a', failing('not here'))).toBe('stale');
    loader.end();
    expect(await loaded).toBe('loaded here');
    await expectSoon(() => there.engine.getOrSet('a', failing('not here')), 'loaded here');
  });

  it('loads too after lockTimeout, and does not store that', async () => {
    const { loader, loaded } = await loadHere();
    const { value, elapsedMs } = await timed(() =>
      there.engine.getOrSet('a', () => 'loaded there', { lockTimeout: '100ms' }),
    );
    expect(value).toBe('loaded there');
    expect(elapsedMs).toBeGreaterThanOrEqual(95);
    expect(elapsedMs).toBeLessThan(100 + SOON_MS);
    expect(await there.engine.get('a')).toBeUndefined();
    loader.end();
    await loaded;
    expect(await there.engine.get('a')).toBe('loaded here');
  });

  it('does not wait at all with a lockTimeout of nothing', async () => {
    await loadHere();
    const { value, elapsedMs } = await timed(() =>
      there.engine.getOrSet('a', () => 'loaded there', { lockTimeout: '0ms' }),
    );
    expect(value).toBe('loaded there');
    expect(elapsedMs).toBeLessThan(SOON_MS);
  });

  it('fails after lockTimeout where that is wanted, or gets the fallback', async () => {
    await loadHere();
    const options = { lockTimeout: '50ms', onLockTimeout: 'fail' } as const;
    const waiting = there.engine.getOrSet('a', failing('not here'), options);
    await expect(waiting).rejects.toBeInstanceOf(LockTimeoutError);
    await expect(waiting).rejects.toMatchObject({ code: 'LOCK_TIMEOUT', key: 'a', cache: processes.name });
    const fallback = (error: unknown) => (error as LockTimeoutError).code;
    expect(await there.engine.getOrSet('a', failing('not here'), { ...options, fallback })).toBe('LOCK_TIMEOUT');
  });

  it('waits no longer than hardTimeout, and does not begin with a load then', async () => {
    await loadHere();
    const options = { hardTimeout: '50ms', lockTimeout: '10s' } as const;
    const waiting = there.engine.getOrSet('a', failing('not here'), options);
    await expect(waiting).rejects.toBeInstanceOf(LoadTimeoutError);
    expect(await there.engine.getOrSet('a', failing('not here'), { ...options, fallback: () => 'instead' })).toBe(
      'instead',
    );
  });

  it('leaves when its signal is aborted, and then nobody loads on its behalf', async () => {
    const { loader } = await loadHere();
    const controller = new AbortController();
    const waiting = there.engine.getOrSet('a', failing('not here'), { signal: controller.signal });
    await eventually(() => there.engine.stats().loadWaits === 1);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    loader.gate.fail(new Error('database away'));
    await sleep(50);
    expect(there.engine.stats().loads).toBe(0);
  });
});

describe('a load that failed', () => {
  it('does not stand in the way of the next', async () => {
    await expect(here.engine.getOrSet('a', failing('database away'))).rejects.toThrow('database away');
    expect(await leaseOf('a')).toBeNull();
    const { value, elapsedMs } = await timed(() => there.engine.getOrSet('a', () => 'well again'));
    expect(value).toBe('well again');
    expect(elapsedMs).toBeLessThan(SOON_MS);
  });

  it('stands for further loads in all processes for errorTtl, then no more', async () => {
    const options = { errorTtl: '300ms' } as const;
    const load = here.engine.getOrSet('a', () => Promise.reject(new RangeError('database away')), options);
    await expect(load).rejects.toBeInstanceOf(RangeError);
    for (const { engine } of [here, there]) {
      const again = engine.getOrSet('a', () => 'not asked', options);
      await expect(again).rejects.toMatchObject({ name: 'RangeError', message: 'database away' });
    }
    await sleep(320);
    expect(await there.engine.getOrSet('a', () => 'well again', options)).toBe('well again');
    expect(await here.engine.getOrSet('a', failing('not asked'), options)).toBe('well again');
  });

  it('is told to who waited for it, where it stands for others', async () => {
    const { loader, loaded } = await loadHere({ errorTtl: '10s' });
    const waiting = there.engine.getOrSet('a', () => 'not asked', { errorTtl: '10s' });
    await eventually(() => there.engine.stats().loadWaits === 1);
    loader.gate.fail(new Error('database away'));
    await expect(waiting).rejects.toThrow('database away');
    await expect(loaded).rejects.toThrow('database away');
  });

  it('stands for a day where it is to stand for ever', async () => {
    const start = () => processes.start({ cache: { errorTtlMs: Infinity } });
    const [first, second] = [await start(), await start()];
    await expect(first.engine.getOrSet('a', failing('database away'))).rejects.toThrow('database away');
    await expect(second.engine.getOrSet('a', () => 'not asked')).rejects.toThrow('database away');
    expect(first.events.filter(({ type }) => type === 'error')).toEqual([]);
  });

  it('stands for nobody when it was shed: its loader was not asked', async () => {
    const options = { errorTtl: '10s' } as const;
    here = await processes.start({ cache: { loads: { maxConcurrent: 1, maxQueued: 0 } } });
    const { loader, loaded } = await loadHere();
    await expect(here.engine.getOrSet('b', () => 'not asked', options)).rejects.toBeInstanceOf(LoadShedError);
    loader.end();
    await loaded;
    expect(await here.engine.getOrSet('b', () => 'loaded', options)).toBe('loaded');
    await here.engine.delete('b');
    expect(await there.engine.getOrSet('b', () => 'loaded', options)).toBe('loaded');
  });

  it('gives others the fallback, where they have one', async () => {
    await expect(here.engine.getOrSet('a', failing('database away'), { errorTtl: '10s' })).rejects.toThrow();
    for (const { engine } of [here, there]) {
      expect(await engine.getOrSet('a', failing('not asked'), { fallback: () => 'instead' })).toBe('instead');
    }
    expect(await there.engine.get('a')).toBeUndefined();
  });

  it.each<[string, (engine: CacheEngine) => Promise<unknown>, unknown]>([
    ['set', (engine) => engine.set('a', 'set'), 'set'],
    ['delete', (engine) => engine.delete('a'), 'loaded'],
    ['clear', (engine) => engine.clear(), 'loaded'],
    ['a forced load', (engine) => engine.getOrSet('a', () => 'forced', { forceRefresh: true }), 'forced'],
  ])('stands no longer once the key has changed: %s', async (_, change, after) => {
    const options = { errorTtl: '10s' } as const;
    await expect(here.engine.getOrSet('a', failing('database away'), options)).rejects.toThrow();
    await change(there.engine);
    await processes.untilHeardBy(here);
    expect(await here.engine.getOrSet('a', () => 'loaded', options)).toBe(after);
  });

  it.each<[string, (engine: CacheEngine) => Promise<unknown>]>([
    ['delete', (engine) => engine.delete('a')],
    ['clear', (engine) => engine.clear()],
  ])('does not stand for who comes after a %s that it has not seen', async (_, evict) => {
    const options = { errorTtl: '10s' } as const;
    const { loader, loaded } = await loadHere(options);
    await evict(here.engine);
    await processes.untilHeardBy(here);
    loader.gate.fail(new Error('database away'));
    await expect(loaded).rejects.toThrow('database away');
    expect(await here.engine.getOrSet('a', () => 'loaded', options)).toBe('loaded');
  });

  it('lets a stale copy stand in for retryAfter, in all processes, with one attempt', async () => {
    await here.engine.set('a', 'stale', { grace: '1h' });
    await here.engine.expire('a');
    let attempts = 0;
    const load = () => {
      attempts++;
      throw new Error('database away');
    };
    const options = { retryAfter: '200ms' } as const;
    for (let round = 0; round < 3; round++) {
      for (const { engine } of [here, there]) expect(await engine.getOrSet('a', load, options)).toBe('stale');
    }
    expect(attempts).toBe(1);
    await sleep(220);
    expect(await there.engine.getOrSet('a', () => 'well again', options)).toBe('well again');
  });

  it('does not keep callers without a stale copy from loading', async () => {
    await here.engine.set('a', 'stale', { grace: '1h' });
    await here.engine.expire('a');
    expect(await here.engine.getOrSet('a', failing('database away'), { retryAfter: '10s' })).toBe('stale');
    // The copy alone is gone: the word of the failure stands where the lease would.
    await redis.send('DEL', [processes.valueKey('a')]);
    await processes.untilHeardBy(here);
    expect(await there.engine.getOrSet('a', () => 'well again')).toBe('well again');
    expect(await here.engine.getOrSet('a', failing('not asked'))).toBe('well again');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a clear', () => there.engine.clear()],
    ['a deletion of its tag', () => there.engine.deleteByTag('t')],
  ])('is asked for once by all who find no copy after %s, and in one call', async (_, evict) => {
    const keys = ['a', 'b'];
    const stale = { grace: '1h', tags: ['t'] } as const;
    await here.engine.setMany(
      [
        ['a', 'stale'],
        ['b', 'stale'],
      ],
      stale,
    );
    await Promise.all(keys.map((key) => here.engine.expire(key)));
    const away = here.engine.getOrSetMany(keys, failing('database away'), { ...stale, retryAfter: '10s' });
    expect(await away).toEqual(['stale', 'stale']);
    await evict();
    await processes.untilHeardBy(here);
    const asked: (readonly string[])[] = [];
    const load = async (missing: readonly string[]) => {
      asked.push(missing);
      await sleep(20);
      return new Map(missing.map((key) => [key, 'well again']));
    };
    const results = await Promise.all([here, there].map(({ engine }) => engine.getOrSetMany(keys, load, stale)));
    expect(results).toEqual([
      ['well again', 'well again'],
      ['well again', 'well again'],
    ]);
    expect(asked).toEqual([keys]);
  });
});

describe('a lease that Redis does not let go of in time', () => {
  it.each([
    ['the value is stored', 'fill-value', undefined],
    ['the load fails', 'release-lease', (loader: GatedLoader<string>) => loader.gate.fail(new Error('away'))],
    ['nothing is to be stored', 'release-lease', (loader: GatedLoader<string>) => loader.context?.skip()],
    [
      'the value cannot be stored',
      'release-lease',
      (loader: GatedLoader<string>) => {
        if (loader.context !== undefined) loader.context.ttl = '0ms';
      },
    ],
  ])('costs no caller anything when %s', async (_, script, prepare) => {
    const { loader, loaded } = await loadHere({ fallback: () => 'instead' });
    here.redis.onCall = ({ name }) => {
      if (name === script) throw new RedisUnavailableError('deadline');
    };
    prepare?.(loader);
    loader.end();
    expect(['loaded here', 'instead']).toContain(await loaded);
    await eventually(() => here.events.some(({ type }) => type === 'error'));
    expect(here.events.find(({ type }) => type === 'error')).toMatchObject({ error: { code: 'REDIS_UNAVAILABLE' } });
    expect(await leaseOf('a')).not.toBeNull();
    here.redis.onCall = () => undefined;
  });
});

describe('loads of one key in a row', () => {
  it.each([
    ['', 'a'],
    [', though its name is shortened', 'k'.repeat(3_000)],
  ])('wait for no word that has come already%s', async (_, key) => {
    await here.engine.set('before', 1);
    const rounds = 20;
    const startedAtMs = performance.now();
    for (let round = 0; round < rounds; round++) {
      expect(await here.engine.getOrSet(key, () => round, { forceRefresh: true })).toBe(round);
    }
    expect(await there.engine.get(key)).toBe(rounds - 1);
    // Each wait is 50 ms.
    expect(performance.now() - startedAtMs).toBeLessThan((rounds * 50) / 2);
  });
});

describe('a load that follows one of the same process', () => {
  it('waits for the word of the first, and is not taken for outdated by it', async () => {
    here.redis.notifications.hold();
    await here.engine.getOrSet('a', () => 'first');
    const second = new GatedLoader('second');
    const loaded = here.engine.getOrSet('a', second.load, { forceRefresh: true });
    await sleep(10);
    here.redis.notifications.deliver();
    await second.began();
    second.end();
    expect(await loaded).toBe('second');
    expect(await there.engine.get('a')).toBe('second');
  });
});

describe('a forced load', () => {
  it('wins over a load that is under way elsewhere', async () => {
    const { loader, loaded } = await loadHere();
    expect(await there.engine.getOrSet('a', () => 'forced', { forceRefresh: true })).toBe('forced');
    loader.end();
    expect(await loaded).toBe('loaded here');
    for (const { engine } of [there, here]) await expectSoon(() => engine.get('a'), 'forced');
  });

  it('lets the value be served while it runs, and is awaited by nobody else', async () => {
    await there.engine.set('a', 'old');
    const { loader, loaded } = await loadHere({ forceRefresh: true });
    expect(await there.engine.getOrSet('a', failing('not here'))).toBe('old');
    loader.end();
    expect(await loaded).toBe('loaded here');
    await expectSoon(() => there.engine.get('a'), 'loaded here');
  });

  it('is the one that is kept of two at once', async () => {
    const first = new GatedLoader('first');
    const second = new GatedLoader('second');
    const results = [
      here.engine.getOrSet('a', first.load, { forceRefresh: true }),
      first.began().then(() => there.engine.getOrSet('a', second.load, { forceRefresh: true })),
    ];
    await second.began();
    first.end();
    await results[0];
    second.end();
    expect(await Promise.all(results)).toEqual(['first', 'second']);
    for (const { engine } of [there, here]) await expectSoon(() => engine.get('a'), 'second');
  });
});

describe('a loader that asks another process', () => {
  it('gets what that loads', async () => {
    const value = await here.engine.getOrSet('a', async () => [
      await there.engine.getOrSet('b', () => here.engine.getOrSet('c', () => 'innermost')),
    ]);
    expect(value).toEqual(['innermost']);
    expect(await there.engine.getMany(['a', 'b', 'c'])).toEqual([['innermost'], 'innermost', 'innermost']);
  });
});
