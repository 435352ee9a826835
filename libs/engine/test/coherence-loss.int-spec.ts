import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultProxy, SkewedClock } from '@nest-strata/testing';
import { CacheProcesses, tierOf } from './cache-processes.js';
import type { CacheProcess } from './cache-processes.js';
import { expectSoon } from './expect-soon.js';
import { GatedLoader } from './gated-loader.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;
let proxy: FaultProxy;
let processes: CacheProcesses;
let here: CacheProcess;
let there: CacheProcess;

beforeEach(async () => {
  redis = await SharedRedis.start();
  proxy = await FaultProxy.start(redis.server);
  processes = new CacheProcesses(redis);
  [here, there] = await Promise.all([startHere(), processes.start()]);
});

afterEach(async () => {
  await processes.close();
  await proxy.stop();
  await redis.stop();
});

const startHere = (clock = new SkewedClock()) =>
  processes.start({ clock, redis: { url: proxy.urlOf(redis.server.url), deadline: '150ms', socketTimeout: '300ms' } });
const subscriber = () => proxy.where((connection) => connection.isSubscriber);
const dataConnection = () => proxy.where((connection) => !connection.isSubscriber);
const failing = () => {
  throw new Error('database away');
};

async function untilRemembered(key: string): Promise<void> {
  await eventually(async () => (await tierOf(here.engine, key)) === 'memory');
}

async function untilArmedAgain(): Promise<void> {
  await eventually(() => here.engine.coherence?.isArmed === true && here.engine.coherence.losses > 0);
}

describe('memory of a process that is cut off', () => {
  beforeEach(async () => {
    await there.engine.set('a', 'old', { tags: ['t'] });
    await there.engine.set('b', 'old');
    await there.engine.set('c', 'same');
    for (const key of ['a', 'b', 'c']) await untilRemembered(key);
  });

  it.each([
    ['its subscriber', subscriber],
    ['its data connection', dataConnection],
    ['both', () => proxy],
  ])('has no hit of before once it hears again: %s', async (_, cut) => {
    cut().blackhole();
    await there.engine.deleteByTag('t');
    await there.engine.set('b', 'new');
    cut().resetConnections();
    cut().heal();
    await untilArmedAgain();
    // From here on the versions are known again, and nothing but the loss speaks against what memory has.
    await expectSoon(() => here.engine.get('c'), 'same');
    expect(await here.engine.getMany(['a', 'b', 'c'])).toEqual([undefined, 'new', 'same']);
    await there.engine.set('a', 'newest');
    await expectSoon(() => here.engine.get('a'), 'newest');
    await untilRemembered('c');
  });

  it.each([
    ['its subscriber', 'pubsub'],
    ['its data connection', 'normal'],
  ])('has no hit of before when the server closed %s', async (_, type) => {
    await redis.send('CLIENT', ['KILL', 'TYPE', type]);
    await eventually(async () => (await there.engine.set('a', 'new')).stored);
    await untilArmedAgain();
    await expectSoon(() => here.engine.get('a'), 'new', 5_000);
  });

  it('has no hit after a second at most, while nothing tells of the loss', async () => {
    subscriber().blackhole();
    await there.engine.set('a', 'new');
    const changedAtMs = performance.now();
    await expectSoon(() => here.engine.get('a'), 'new', 5_000);
    expect(performance.now() - changedAtMs).toBeLessThan(1_500);
  });

  it('tells of the loss once, with its reason, and of its end', async () => {
    subscriber().resetConnections();
    await untilArmedAgain();
    const heard = here.events.filter((event) => event.type === 'coherence');
    const told = { type: 'coherence', cache: processes.name, mode: 'tracking' };
    expect(heard).toEqual([
      { ...told, state: 'armed' },
      { ...told, state: 'lost', reason: expect.any(String) },
      { ...told, state: 'armed' },
    ]);
    expect(here.engine.coherence?.losses).toBe(1);
  });
});

describe('a reply that was asked for before a loss', () => {
  it('is not kept', async () => {
    await there.engine.set('a', 'old');
    const replies = here.redis.gateReplies(({ kind }) => kind === 'read');
    const early = here.engine.get('a');
    await replies.arrival();
    subscriber().resetConnections();
    await there.engine.set('a', 'new');
    await untilArmedAgain();
    replies.open();
    expect(['old', undefined]).toContain(await early);
    expect(await here.engine.get('a')).toBe('new');
    expect(await here.engine.get('a')).toBe('new');
  });
});

describe('a load of a key that was changed before a loss', () => {
  it('does not wait for the word of that change, which does not come', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e'];
    subscriber().blackhole();
    for (const key of keys) await here.engine.getOrSet(key, () => 'old');
    subscriber().resetConnections();
    proxy.heal();
    await untilArmedAgain();
    const elapsedMs: number[] = [];
    for (const key of keys) {
      const startedAtMs = performance.now();
      await here.engine.getOrSet(key, () => 'loaded', { forceRefresh: true });
      elapsedMs.push(performance.now() - startedAtMs);
    }
    expect(Math.min(...elapsedMs)).toBeLessThan(40);
  });
});

describe('a load that runs when the watch is lost', () => {
  it('is returned and not stored', async () => {
    const load = async () => {
      subscriber().resetConnections();
      await untilArmedAgain();
      return 'loaded';
    };
    expect(await here.engine.getOrSet('a', load)).toBe('loaded');
    expect(await there.engine.get('a')).toBeUndefined();
  });
});

describe('while Redis is away', () => {
  it('serves a copy of before where its grace allows it and the alternative is an error', async () => {
    await there.engine.set('a', 'old', { grace: '1h' });
    await there.engine.set('b', 'old');
    await untilRemembered('a');
    await untilRemembered('b');
    await redis.server.kill();
    await eventually(() => here.engine.coherence?.isArmed === false);
    expect(await here.engine.get('a')).toBeUndefined();
    expect(await here.engine.getOrSet('a', failing)).toBe('old');
    expect(await here.engine.getOrSet('a', () => 'loaded')).toBe('loaded');
    await expect(here.engine.getOrSet('b', failing)).rejects.toThrow('database away');
  });

  it.each<[string, () => Promise<unknown>]>([
    ['its tag', () => there.engine.deleteByTag('t')],
    ['everything', () => there.engine.clear()],
  ])('serves no copy of before when it heard that another process had evicted %s', async (_, evict) => {
    await there.engine.set('a', 'old', { tags: ['t'], grace: '1h' });
    await untilRemembered('a');
    await evict();
    await processes.untilHeardBy(here);
    await redis.server.kill();
    await eventually(() => here.engine.coherence?.isArmed === false);
    await expect(here.engine.getOrSet('a', failing)).rejects.toThrow('database away');
  });

  it('serves a copy of before whose tags were only kept for longer', async () => {
    await there.engine.set('a', 'old', { tags: ['t'], grace: '1h' });
    await there.engine.set('b', 'other', { tags: ['t'] });
    await untilRemembered('a');
    await redis.send('PEXPIRE', [processes.tagKey('t'), 30_000_000]);
    await redis.send('PEXPIRE', [processes.clearKey, 30_000_000]);
    await processes.untilHeardBy(here);
    await untilRemembered('b');
    await redis.server.kill();
    await eventually(() => here.engine.coherence?.isArmed === false);
    expect(await here.engine.getOrSet('a', failing)).toBe('old');
  });

  it('serves what was loaded for a second at most, from the start of its load, then loads again', async () => {
    const clock = new SkewedClock();
    here = await startHere(clock);
    await redis.server.kill();
    await eventually(() => here.engine.coherence?.isArmed === false);
    let loads = 0;
    const load = () => {
      clock.leap(400);
      return ++loads;
    };
    expect(await here.engine.getOrSet('a', load)).toBe(1);
    clock.leap(500);
    expect(await here.engine.getOrSet('a', load)).toBe(1);
    clock.leap(100);
    expect(await here.engine.getOrSet('a', load)).toBe(2);
  });

  it('runs one load for all callers of this process', async () => {
    await redis.server.kill();
    await eventually(() => here.engine.coherence?.isArmed === false);
    let loads = 0;
    const load = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return ++loads;
    };
    const values = await Promise.all(Array.from({ length: 20 }, () => here.engine.getOrSet('a', load)));
    expect(new Set(values)).toEqual(new Set([1]));
  });

  it('lets callers join a load for a second at most, then loads again', async () => {
    const clock = new SkewedClock();
    here = await startHere(clock);
    await redis.server.kill();
    await eventually(() => here.engine.coherence?.isArmed === false);
    const loader = new GatedLoader('loaded before');
    const first = here.engine.getOrSet('a', loader.load);
    await loader.began();
    clock.leap(1_000);
    expect(await here.engine.getOrSet('a', () => 'loaded after')).toBe('loaded after');
    loader.end();
    expect(await first).toBe('loaded before');
  });

  it('lets no caller join a load of before once changes are heard again', async () => {
    proxy.blackhole();
    proxy.resetConnections();
    await eventually(() => here.engine.coherence?.isArmed === false);
    const loader = new GatedLoader('loaded before');
    const first = here.engine.getOrSet('a', loader.load);
    await loader.began();
    await there.engine.delete('a');
    proxy.resetConnections();
    proxy.heal();
    await untilArmedAgain();
    expect(await here.engine.getOrSet('a', () => 'loaded after')).toBe('loaded after');
    loader.end();
    expect(await first).toBe('loaded before');
  });

  it('keeps nothing of an emptied server that takes its place', async () => {
    await there.engine.set('a', 'old');
    await untilRemembered('a');
    await redis.server.restart();
    await untilArmedAgain();
    expect(await here.engine.get('a')).toBeUndefined();
  });
});
