import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine, DEFAULT_CACHE_OPTIONS, JsonCodec, keyOfArguments, LoadTimeoutError } from '@nest-strata/engine';
import type { Duration } from '@nest-strata/core';
import { createRedis } from '@nest-strata/redis';
import { ChaosRedisPort, FaultProxy, RedisServer } from '@nest-strata/testing';

/**
 * What caches for Node are known to do wrong, each as the outcome that a user expects instead. The defects were reproduced
 * in released versions of widely used packages.
 */

/** What plays one process of an application. */
interface App {
  readonly cache: CacheEngine;
  readonly redis: ChaosRedisPort;
  readonly network: FaultProxy;
  /** The names of the calls to Redis since the last look. */
  takeCalls(): string[];
  stop(): Promise<void>;
}

let server: RedisServer;
let apps: App[];
let namespaces = 0;

beforeAll(async () => {
  server = await RedisServer.start();
});

afterAll(() => server.stop());

beforeEach(async () => {
  namespaces++;
  apps = [await start(), await start()];
});

afterEach(async () => {
  await Promise.all(apps.map((app) => app.stop()));
});

/** A Redis that is late counts as away; on a busy machine it must not, except where that is the point. */
async function start(deadline: Duration = '2s'): Promise<App> {
  const network = await FaultProxy.start(server);
  const port = createRedis({ url: network.urlOf(server.url), deadline });
  const redis = new ChaosRedisPort(port);
  const calls: string[] = [];
  redis.onCall = ({ name }) => void calls.push(name);
  const namespace = [`known-${String(namespaces)}`];
  const cache = CacheEngine.create({ ...DEFAULT_CACHE_OPTIONS, namespace, codec: new JsonCodec() }, { redis });
  await redis.connect();
  while (cache.coherence?.isArmed !== true) await sleep(2);
  return {
    cache,
    redis,
    network,
    takeCalls: () => calls.splice(0),
    async stop() {
      network.heal();
      await cache.close(100);
      await redis.close();
      await network.stop();
    },
  };
}

function pair(): [here: CacheEngine, there: CacheEngine] {
  const [here, there] = apps;
  if (here === undefined || there === undefined) throw new Error('two apps were expected');
  return [here.cache, there.cache];
}

/** Until a change that was acknowledged is visible everywhere: the stated bound. */
const VISIBLE_MS = 50;

describe('a miss', () => {
  it('is loaded once, however many callers and processes miss it', async () => {
    let loads = 0;
    const load = async (): Promise<number> => {
      loads++;
      await sleep(30);
      return 1;
    };
    await Promise.all(pair().flatMap((cache) => Array.from({ length: 20 }, () => cache.getOrSet('k', load))));
    expect(loads).toBe(1);
  });

  it('whose loader fails costs one call, and all 20 callers get the very error', async () => {
    const [here] = pair();
    let loads = 0;
    const failure = new Error('database away');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        here.getOrSet('k', async () => {
          loads++;
          await sleep(20);
          throw failure;
        }),
      ),
    );
    expect(loads).toBe(1);
    expect(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason === failure)).toBe(true);
  });

  it('of several keys in overlapping batches is loaded once per key', async () => {
    const [here] = pair();
    const loaded: string[] = [];
    const load = async (keys: readonly string[]): Promise<Map<string, string>> => {
      loaded.push(...keys);
      await sleep(10);
      return new Map(keys.map((key) => [key, key]));
    };
    const batches = await Promise.all([
      here.getOrSetMany(['a', 'b', 'c'], load),
      here.getOrSetMany(['b', 'c', 'd'], load),
      here.getOrSetMany(['d', 'a'], load),
    ]);
    expect(batches).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c', 'd'],
      ['d', 'a'],
    ]);
    expect(loaded.sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('whose loader hangs holds up nobody for longer than they were told', async () => {
    const [here] = pair();
    const hang = (): Promise<never> => new Promise(() => undefined);
    const options = { hardTimeout: '30ms' } as const;
    await expect(here.getOrSet('k', hang, options)).rejects.toThrow(LoadTimeoutError);
    await expect(here.getOrSet('k', hang, options)).rejects.toThrow(LoadTimeoutError);
  });
});

describe('a value', () => {
  it.each([[null], [undefined], [0], [''], [false], [NaN]])('of %p is a hit', async (value) => {
    const [here, there] = pair();
    let loads = 0;
    const load = (): unknown => {
      loads++;
      return value;
    };
    for (const cache of [here, there, here, there]) expect(await cache.getOrSet('k', load)).toEqual(value);
    expect(loads).toBe(1);
    expect(await there.has('k')).toBe(true);
  });

  it('keeps its types, in memory and in Redis', async () => {
    const [here, there] = pair();
    const value = { born: new Date(0), friends: new Map([['a', 1n]]), tags: new Set(['x']), bytes: Buffer.from('hi') };
    expect(await here.set('k', value)).toEqual({ stored: true });
    expect(await here.get('k')).toEqual(value);
    expect(await there.get('k')).toEqual(value);
  });

  it('that callers change is not changed for others', async () => {
    const [here] = pair();
    const mine = await here.getOrSet('k', () => ({ name: 'Mia' }));
    expect(() => (mine.name = 'Rex')).toThrow(TypeError);
    expect(await here.get('k')).toEqual({ name: 'Mia' });
  });

  it('that Redis has fills memory for no longer than it lives in Redis', async () => {
    const [here, there] = pair();
    await here.set('k', 1, { ttl: '150ms' });
    expect(await there.get('k')).toBe(1);
    expect(await there.lookup('k')).toMatchObject({ tier: 'memory' });
    await sleep(200);
    expect(await there.get('k')).toBeUndefined();
  });

  it('in Redis alone is found at once', async () => {
    const [here, there] = pair();
    await here.set('k', 1);
    expect(await there.get('k')).toBe(1);
  });
});

describe('an eviction', () => {
  it('during a load keeps the value out of every tier of every process', async () => {
    const [here, there] = pair();
    let finish = (): void => undefined;
    const began = new Promise<void>((begin) => {
      void here.getOrSet('k', async () => {
        begin();
        await new Promise<void>((resolve) => (finish = resolve));
        return 'old';
      });
    });
    await began;
    await there.delete('k');
    finish();
    await sleep(VISIBLE_MS);
    expect(await here.get('k')).toBeUndefined();
    expect(await there.get('k')).toBeUndefined();
  });

  it('by tag during a load does so, too', async () => {
    const [here, there] = pair();
    let finish = (): void => undefined;
    const began = new Promise<void>((begin) => {
      const load = async (): Promise<string> => {
        begin();
        await new Promise<void>((resolve) => (finish = resolve));
        return 'old';
      };
      void here.getOrSet('k', load, { tags: ['t'] });
    });
    await began;
    await there.deleteByTag('t');
    finish();
    await sleep(VISIBLE_MS);
    expect(await here.get('k')).toBeUndefined();
    expect(await there.get('k')).toBeUndefined();
  });

  it('that overtakes the reply of a read keeps that reply out of memory', async () => {
    const [here, there] = pair();
    await there.set('k', 'old');
    const replies = apps[0]?.redis.gateReplies(({ name }) => name === 'MGET');
    const read = here.get('k');
    await replies?.arrival();
    await there.delete('k');
    await sleep(VISIBLE_MS);
    replies?.open();
    await read;
    expect(await here.get('k')).toBeUndefined();
  });

  it('reaches processes that hold what the evicting one does not', async () => {
    const [here, there] = pair();
    await there.set('k', 1);
    await there.get('k');
    await here.delete('k');
    await sleep(VISIBLE_MS);
    expect(await there.get('k')).toBeUndefined();
  });

  it('of everything reaches all processes, and leaves what others have in Redis', async () => {
    const [here, there] = pair();
    await apps[0]?.redis.send('SET', ['somebody:else', '1']);
    await there.set('k', 1);
    await here.clear();
    await sleep(VISIBLE_MS);
    expect(await there.get('k')).toBeUndefined();
    expect(await apps[0]?.redis.send('GET', ['somebody:else'])).toEqual(Buffer.from('1'));
  });

  it('that was missed while the connection for news was down is seen once it is back', async () => {
    const [here, there] = pair();
    await here.set('k', 'old');
    expect(await there.get('k')).toBe('old');
    expect(await there.get('k')).toBe('old');
    const [, app] = apps;
    app?.network.where((connection) => connection.isSubscriber).resetConnections();
    await here.set('k', 'new');
    while (there.coherence?.isArmed !== true) await sleep(2);
    expect(await there.get('k')).toBe('new');
  });

  it('by pattern takes what matches and nothing else', async () => {
    const [here] = pair();
    await here.setMany([
      ['user:1', 1],
      ['superuser:9', 1],
      ['user2:5', 1],
    ]);
    await here.deleteByPattern('user:*');
    expect(await here.getMany(['user:1', 'superuser:9', 'user2:5'])).toEqual([undefined, 1, 1]);
  });
});

describe('a tag', () => {
  it('whose record Redis has thrown out brings nothing back', async () => {
    const [here, there] = pair();
    await here.set('k', 1, { tags: ['t'] });
    await here.deleteByTag('t');
    await apps[0]?.redis.send('DEL', [`strata:${here.name}:t:t`]);
    await sleep(VISIBLE_MS);
    expect(await here.get('k')).toBeUndefined();
    expect(await there.get('k')).toBeUndefined();
  });

  it('costs a hit in memory nothing, and a hit in Redis one trip more, however many there are', async () => {
    const [here, there] = pair();
    const tags = Array.from({ length: 10 }, (_, index) => `tag-${String(index)}`);
    await here.set('k', 1, { tags });
    await sleep(VISIBLE_MS);
    const [, app] = apps;
    app?.takeCalls();
    expect(await there.get('k')).toBe(1);
    expect(app?.takeCalls().filter((call) => call === 'MGET' || call === 'GET').length).toBeLessThanOrEqual(2);
    expect(await there.get('k')).toBe(1);
    expect(app?.takeCalls()).toEqual([]);
  });

  it('outlives the entries that carry it', async () => {
    const [here] = pair();
    await here.set('k', 1, { ttl: '1h', tags: ['t'] });
    const leftMs = Number(await apps[0]?.redis.send('PTTL', [`strata:${here.name}:t:t`]));
    expect(leftMs).toBeGreaterThan(3_600_000);
  });
});

describe('grace', () => {
  it('is time after the ttl, not instead of it', async () => {
    const [here] = pair();
    const options = { ttl: '100ms', grace: '300ms', retryAfter: '0ms' } as const;
    await here.getOrSet('k', () => 'old', options);
    await sleep(150);
    const fail = (): never => {
      throw new Error('database away');
    };
    expect(await here.getOrSet('k', fail, options)).toBe('old');
    await sleep(350);
    await expect(here.getOrSet('k', fail, options)).rejects.toThrow('database away');
  });

  it('asks a failing loader once per retryAfter, not once per caller', async () => {
    const [here] = pair();
    let loads = 0;
    const options = { ttl: '20ms', grace: '1m', retryAfter: '1m' } as const;
    await here.getOrSet('k', () => 'old', options);
    await sleep(40);
    for (let call = 0; call < 5; call++) {
      const load = (): never => {
        loads++;
        throw new Error('database away');
      };
      expect(await here.getOrSet('k', load, options)).toBe('old');
    }
    expect(loads).toBe(1);
  });

  it('gives the loader the stale copy, also in the background', async () => {
    const [here] = pair();
    const options = { ttl: '20ms', staleWhileRevalidate: '1m' } as const;
    await here.getOrSet('k', () => 'old', options);
    await sleep(40);
    const seen = new Promise((resolve) => {
      void here.getOrSet('k', ({ stale }) => (resolve(stale?.value), 'new'), options);
    });
    expect(await seen).toBe('old');
  });
});

describe('Redis', () => {
  it('that is dead costs a call at most its deadline, and no error', async () => {
    const app = await start('50ms');
    apps.push(app);
    const here = app.cache;
    app.network.blackhole();
    for (let call = 0; call < 20; call++) {
      const startedAtMs = performance.now();
      expect(await here.getOrSet(`k${String(call)}`, () => call)).toBe(call);
      expect(await here.get('other')).toBeUndefined();
      expect(performance.now() - startedAtMs).toBeLessThan(2 * 50 + 60);
    }
  });

  it('that is away at the start does not keep an application from working', async () => {
    const redis = createRedis({ url: 'redis://127.0.0.1:1' });
    const cache = CacheEngine.create({ ...DEFAULT_CACHE_OPTIONS, namespace: ['x'], codec: new JsonCodec() }, { redis });
    expect(await cache.getOrSet('k', () => 1)).toBe(1);
    await cache.close(50);
    await redis.close();
  });

  it('gets one command for many deletions and one trip for many writes', async () => {
    const [here] = pair();
    await here.set('warm', 1);
    apps[0]?.takeCalls();
    await here.setMany(Array.from({ length: 50 }, (_, index) => [`k${String(index)}`, index] as const));
    await here.deleteMany(Array.from({ length: 50 }, (_, index) => `k${String(index)}`));
    expect(apps[0]?.takeCalls().filter((call) => call === 'UNLINK')).toHaveLength(2);
  });
});

describe('keys', () => {
  it('of different arguments and groups never meet', async () => {
    const [here] = pair();
    expect(keyOfArguments(['a,b'])).not.toBe(keyOfArguments(['a', 'b']));
    expect(keyOfArguments([null])).not.toBe(keyOfArguments(['null']));
    await here.namespace('p').set('0:z', 'in p');
    expect(await here.namespace('p:0').get('z')).toBeUndefined();
  });
});
