import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LoadTimeoutError } from '@nest-strata/engine';
import type { CacheEngine, LoadContext, LoadOptions } from '@nest-strata/engine';
import { RedisUnavailableError } from '@nest-strata/redis';
import type { KeyWatchMode } from '@nest-strata/redis';
import { eventually } from '@nest-strata/testing';
import { CacheProcesses, tierOf } from './cache-processes.js';
import type { CacheProcess } from './cache-processes.js';
import { NO_MEMORY } from './engine-options.js';
import { expectSoon } from './expect-soon.js';
import { GatedLoader } from './gated-loader.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;
let processes: CacheProcesses;
let here: CacheProcess;
let there: CacheProcess;
let loads: number;

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterAll(() => redis.stop());

beforeEach(() => {
  processes = new CacheProcesses(redis);
  loads = 0;
});

afterEach(() => processes.close());

const load = () => `load ${String(++loads)}`;
const failing = () => {
  throw new Error('database away');
};
const pttl = async (key: string) => Number(await redis.send('PTTL', [processes.valueKey(key)]));

describe.each([
  ['with memory', {}],
  ['without memory', { memory: NO_MEMORY }],
])('two processes %s', (_, cache) => {
  const getOrSet = ({ engine }: CacheProcess, options: LoadOptions, loader: (context: LoadContext) => unknown = load) =>
    engine.getOrSet('a', loader, options);

  beforeEach(async () => {
    [here, there] = await Promise.all([processes.start({ cache }), processes.start({ cache })]);
  });

  /** Both have read the value, and its time is over. */
  async function untilStale(options: LoadOptions): Promise<void> {
    await getOrSet(here, options);
    for (const { engine } of [here, there]) await engine.get('a');
    await eventually(async () => !(await here.engine.has('a')) && !(await there.engine.has('a')));
  }

  it('share the grace of an entry, which Redis keeps for as long', async () => {
    const options = { ttl: '50ms', grace: '60s', retryAfter: '0ms' } as const;
    await untilStale(options);
    for (const process of [here, there]) expect(await getOrSet(process, options, failing)).toBe('load 1');
    expect(await pttl('a')).toBeGreaterThan(50_000);
    expect(await getOrSet(there, options)).toBe('load 2');
    await expectSoon(() => getOrSet(here, { ...options, ttl: '1h' }, failing), 'load 2');
  });

  it('have nothing to stand in after the grace', async () => {
    const options = { ttl: '30ms', grace: '40ms', retryAfter: '0ms' } as const;
    await getOrSet(here, options);
    await sleep(75);
    await expect(getOrSet(there, options, failing)).rejects.toThrow('database away');
    await expect(getOrSet(here, options, failing)).rejects.toThrow('database away');
    expect(Number(await redis.send('EXISTS', [processes.valueKey('a')]))).toBe(0);
  });

  it('renew a stale copy once, and are served it at once meanwhile', async () => {
    const options = { ttl: '30ms', staleWhileRevalidate: '60s' } as const;
    await untilStale(options);
    const loader = new GatedLoader('renewed');
    for (let call = 0; call < 5; call++) {
      for (const process of [here, there]) expect(await getOrSet(process, options, loader.load)).toBe('load 1');
    }
    await loader.began();
    expect(await getOrSet(there, options, loader.load)).toBe('load 1');
    loader.end();
    const later = { ...options, ttl: '1h' } as const;
    for (const process of [here, there]) await expectSoon(() => getOrSet(process, later, loader.load), 'renewed');
    expect(loader.runs).toBe(1);
    expect(here.engine.stats().refreshes + there.engine.stats().refreshes).toBe(1);
  });

  it('wait for the load when the time of staleWhileRevalidate is over before it ends', async () => {
    const options = { ttl: '30ms', staleWhileRevalidate: '100ms', grace: '60s' } as const;
    await untilStale(options);
    const loader = new GatedLoader('renewed');
    await getOrSet(here, options, loader.load);
    await sleep(150);
    const later = getOrSet(here, { ...options, ttl: '1h' }, loader.load);
    await loader.began();
    loader.end();
    expect(await later).toBe('renewed');
  });

  it('refresh ahead once', async () => {
    const options = { ttl: '60s', refreshAhead: 0.001 } as const;
    await getOrSet(here, options);
    await there.engine.get('a');
    await sleep(70);
    const loader = new GatedLoader('refreshed');
    for (let call = 0; call < 5; call++) {
      for (const process of [here, there]) expect(await getOrSet(process, options, loader.load)).toBe('load 1');
    }
    await loader.began();
    for (const process of [here, there]) expect(await getOrSet(process, options, loader.load)).toBe('load 1');
    await sleep(20);
    loader.end();
    for (const { engine } of [here, there]) await expectSoon(() => engine.get('a'), 'refreshed');
    expect(loader.runs).toBe(1);
  });

  it('renew by a word of the source: the times alone are written', async () => {
    const options = { ttl: '30ms', grace: '60s' } as const;
    await getOrSet(here, options, (context) => ((context.etag = 'v1'), load()));
    await sleep(35);
    there.sent.forget();
    const renewing = (context: LoadContext) => {
      expect(context.stale).toEqual({ value: 'load 1', etag: 'v1' });
      context.ttl = '1h';
      return context.notModified();
    };
    expect(await getOrSet(there, options, renewing)).toBe('load 1');
    expect(there.sent.calls).not.toContain('fill-value');
    expect(there.sent.calls.at(-1)).toBe('replace-header');
    for (const { engine } of [there, here]) await expectSoon(() => engine.get('a'), 'load 1');
    expect(await there.engine.ttl('a')).toBeGreaterThan(3_500_000);
    expect(await pttl('a')).toBeGreaterThan(3_500_000);
  });

  it('renew nothing for no time, nor what Redis does not confirm', async () => {
    const options = { ttl: '30ms', grace: '60s', retryAfter: '0ms' } as const;
    await getOrSet(here, options);
    await sleep(35);
    const renewing = (context: LoadContext) => {
      context.ttl = '0ms';
      return context.notModified();
    };
    expect(await getOrSet(here, options, renewing)).toBe('load 1');
    expect(await there.engine.get('a')).toBeUndefined();
    here.redis.onCall = ({ name }) => {
      if (name === 'replace-header') throw new RedisUnavailableError('deadline');
    };
    expect(await getOrSet(here, options, (context) => context.notModified())).toBe('load 1');
    expect(here.events).toContainEqual(expect.objectContaining({ type: 'error', operation: 'renew' }));
    here.redis.onCall = () => undefined;
  });

  it('renew once what one of them has seen renewed by another', async () => {
    const options = { ttl: '60s', refreshAhead: 0.001 } as const;
    await getOrSet(here, options);
    await there.engine.get('a');
    await sleep(70);
    const reads = there.redis.gateCalls(({ kind }) => kind === 'read');
    const early = getOrSet(there, options, failing);
    await reads.arrival();
    await here.engine.set('a', 'renewed already', { ttl: '60s' });
    reads.open();
    expect(['load 1', 'renewed already']).toContain(await early);
    await expectSoon(() => there.engine.get('a'), 'renewed already');
    expect(there.engine.stats().loads).toBe(0);
  });

  it('do not renew what another wrote or evicted meanwhile', async () => {
    const options = { ttl: '30ms', grace: '60s' } as const;
    for (const [change, after] of [
      [() => there.engine.set('a', 'newer'), 'newer'],
      [() => there.engine.delete('a'), undefined],
    ] as const) {
      await getOrSet(here, { ...options, forceRefresh: true }, () => 'old');
      await sleep(35);
      const renewing = async (context: LoadContext) => {
        await change();
        return context.notModified();
      };
      expect(await getOrSet(here, options, renewing)).toBe('old');
      for (const { engine } of [here, there]) await expectSoon(() => engine.get('a'), after);
    }
  });

  it('do not make fresh what a program that knows no leases wrote meanwhile', async () => {
    const options = { ttl: '30ms', grace: '60s' } as const;
    await getOrSet(here, options, () => 'oldest');
    const oldest = (await redis.send('GET', [processes.valueKey('a')])) as Buffer;
    await getOrSet(here, { ...options, forceRefresh: true }, () => 'older');
    await sleep(35);
    here.redis.notifications.drop();
    const renewing = async (context: LoadContext) => {
      await redis.send('SET', [processes.valueKey('a'), oldest]);
      context.ttl = '1h';
      return context.notModified();
    };
    expect(await getOrSet(here, options, renewing)).toBe('older');
    expect(await there.engine.get('a')).toBeUndefined();
  });

  it('let a late load complete in the background, for all', async () => {
    const loader = new GatedLoader('late');
    await expect(getOrSet(here, { hardTimeout: '30ms' }, loader.load)).rejects.toBeInstanceOf(LoadTimeoutError);
    const waiting = getOrSet(there, {}, failing);
    await eventually(() => there.engine.stats().loadWaits === 1);
    loader.end();
    expect(await waiting).toBe('late');
    await expectSoon(() => here.engine.get('a'), 'late');
  });

  it('let an entry live that is read, up to its ttl', async () => {
    const options = { ttl: '60s', slidingTtl: '10s' } as const;
    await getOrSet(here, options);
    const stillMs = async () => (await there.engine.ttl('a')) ?? 0;
    expect(await stillMs()).toBeLessThanOrEqual(10_000);
    // A read at which half of the longer time has passed.
    await getOrSet(there, { ttl: '60s', slidingTtl: '40s' }, failing);
    await eventually(async () => (await stillMs()) > 35_000);
    await getOrSet(here, { ttl: '60s', slidingTtl: '10m' }, failing);
    await eventually(async () => (await stillMs()) > 55_000);
    expect(await stillMs()).toBeLessThanOrEqual(60_000);
    expect(await pttl('a')).toBeGreaterThan(55_000);
  });

  it('slide no entry that is being refreshed', async () => {
    await here.engine.set('a', 'old', { ttl: '60s', slidingTtl: '10s' });
    await expectSoon(() => here.engine.get('a'), 'old');
    const loader = new GatedLoader('refreshed');
    here.sent.forget();
    const both = { ttl: '60s', slidingTtl: '40s', refreshAhead: 1e-9 } as const;
    expect(await getOrSet(here, both, loader.load)).toBe('old');
    await loader.began();
    loader.end();
    await expectSoon(() => here.engine.get('a'), 'refreshed');
    expect(here.sent.calls).not.toContain('replace-header');
  });

  it('slide no entry that was written meanwhile', async () => {
    const options = { ttl: '60s', slidingTtl: '10s' } as const;
    await getOrSet(here, options);
    await expectSoon(() => there.engine.get('a'), 'load 1');
    const reads = there.redis.gateReplies(({ kind }) => kind === 'read');
    const read = getOrSet(there, { ttl: '60s', slidingTtl: '40s' }, failing);
    await reads.arrival();
    await here.engine.set('a', 'newer', { ttl: '20s' });
    reads.open();
    expect(await read).toBe('load 1');
    await sleep(20);
    expect(await here.engine.ttl('a')).toBeLessThanOrEqual(20_000);
    expect(await here.engine.get('a')).toBe('newer');
  });

  it('slide no entry that was expired by hand meanwhile', async () => {
    await getOrSet(here, { ttl: '60s', slidingTtl: '10s', grace: '1h' });
    const reads = there.redis.gateReplies(({ kind }) => kind === 'read');
    const read = getOrSet(there, { ttl: '60s', slidingTtl: '40s' }, failing);
    await reads.arrival();
    await here.engine.expire('a');
    reads.open();
    expect(await read).toBe('load 1');
    await sleep(20);
    expect(await here.engine.get('a')).toBeUndefined();
  });

  it('store a null for as long as it is to be believed', async () => {
    await getOrSet(here, { ttl: '1h', negativeTtl: '30ms' }, () => null);
    expect(await getOrSet(there, {}, failing)).toBeNull();
    await sleep(35);
    expect(await getOrSet(there, {})).toBe('load 1');
  });

  it('remember how long a load took, where an early refresh wants to know', async () => {
    const slow = async () => {
      await sleep(30);
      return load();
    };
    await getOrSet(here, { ttl: '60s', earlyRefresh: 1 }, slow);
    // Such a beta makes a year of 30 ms: the renewal is all but certain.
    expect(await getOrSet(there, { ttl: '60s', earlyRefresh: 1e9 }, () => 'renewed')).toBe('load 1');
    await expectSoon(() => here.engine.get('a'), 'renewed');
  });
});

describe.each<KeyWatchMode>(['tracking', 'bus'])('an entry that lives on while it is read, by %s,', (coherence) => {
  it('is prolonged once, not by every read', async () => {
    here = await processes.start({ cache: { coherence } });
    await here.engine.set('a', 'value', { ttl: '60s', slidingTtl: '10s' });
    await expectSoon(() => tierOf(here.engine, 'a'), 'memory');
    here.sent.forget();
    const read = () => here.engine.getOrSet('a', failing, { ttl: '60s', slidingTtl: '40s' });
    const prolonged = () => here.sent.calls.filter((call) => call === 'replace-header').length;
    expect(await read()).toBe('value');
    await eventually(() => prolonged() === 1);
    await eventually(async () => ((await here.engine.ttl('a')) ?? 0) > 35_000);
    for (let call = 0; call < 20; call++) expect(await read()).toBe('value');
    await processes.untilHeardBy(here);
    expect(prolonged()).toBe(1);
  });
});

describe.each<KeyWatchMode>(['tracking', 'bus'])(
  'a stale copy that is served while another process loads, by %s,',
  (mode) => {
    const options = { ttl: '50ms', grace: '1h', tags: ['t'] } as const;

    it.each<[string, (engine: CacheEngine) => Promise<unknown>]>([
      ['deletes', (engine) => engine.delete('a')],
      ['invalidates its tag', (engine) => engine.deleteByTag('t')],
      ['clears', (engine) => engine.clear()],
    ])('is served no longer when that %s meanwhile', async (_, evict) => {
      const cache = { coherence: mode };
      [here, there] = await Promise.all([processes.start({ cache }), processes.start({ cache })]);
      await there.engine.set('a', 'old', options);
      await eventually(async () => !(await there.engine.has('a')));
      const loader = new GatedLoader('new');
      const loading = there.engine.getOrSet('a', loader.load, options);
      await loader.began();
      const read = () => Promise.race([here.engine.getOrSet('a', load, options), sleep(20, 'no copy')]);
      expect(await read()).toBe('old');
      await evict(there.engine);
      await expectSoon(async () => (await read()) !== 'old', true, 250);
      loader.end();
      expect(await loading).toBe('new');
    });
  },
);
