import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheEngine, EntryOptions } from '@nest-strata/engine';
import type { KeyWatchMode } from '@nest-strata/redis';
import { FakeClock, Gate, SkewedClock } from '@nest-strata/testing';
import { CacheProcesses, tierOf } from './cache-processes.js';
import type { CacheProcess } from './cache-processes.js';
import { NO_MEMORY } from './engine-options.js';
import { expectSoon } from './expect-soon.js';
import { GatedLoader } from './gated-loader.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;
let processes: CacheProcesses;

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterAll(() => redis.stop());

beforeEach(async () => {
  // Redis looks for expired keys at random: among few it finds one soon.
  await redis.send('FLUSHALL', []);
  processes = new CacheProcesses(redis);
});

afterEach(() => processes.close());

/** The process has the key in its memory, without having loaded it. */
async function expectRemembered({ engine }: CacheProcess, key: string): Promise<void> {
  await expectSoon(() => tierOf(engine, key), 'memory');
}

/** Stores a value by one process, and brings it into the memory of the other. */
async function share(by: CacheProcess, to: CacheProcess, options?: EntryOptions): Promise<void> {
  await by.engine.set('a', 'old', options);
  await expectRemembered(to, 'a');
  expect(await to.engine.get('a')).toBe('old');
}

type Change = readonly [name: string, change: (engine: CacheEngine) => Promise<unknown>, after: unknown];

const CHANGES: readonly Change[] = [
  ['set', (engine) => engine.set('a', 'new'), 'new'],
  ['setMany', (engine) => engine.setMany([['a', 'new']]), 'new'],
  ['set with a version', (engine) => engine.set('a', 'new', { version: 7 }), 'new'],
  ['replace', (engine) => engine.replace('a', 'new'), 'new'],
  ['a forced load', (engine) => engine.getOrSet('a', () => 'new', { forceRefresh: true }), 'new'],
  ['delete', (engine) => engine.delete('a'), undefined],
  ['deleteMany', (engine) => engine.deleteMany(['x', 'a']), undefined],
  ['delete with a version', (engine) => engine.delete('a', { version: 7 }), undefined],
  ['deleteByTag', (engine) => engine.deleteByTag('t'), undefined],
  ['deleteByPattern', (engine) => engine.deleteByPattern('a*'), undefined],
  ['expire', (engine) => engine.expire('a'), undefined],
  ['clear', (engine) => engine.clear(), undefined],
];

describe.each<KeyWatchMode>(['tracking', 'tracking-reads', 'bus'])('memory, kept coherent by %s,', (mode) => {
  let here: CacheProcess;
  let there: CacheProcess;

  beforeEach(async () => {
    const cache = { coherence: mode };
    [here, there] = await Promise.all([processes.start({ cache }), processes.start({ cache })]);
    await share(there, here, { tags: ['t'] });
  });

  it('says how it is kept', () => {
    expect(here.engine.coherence).toEqual({
      configured: mode,
      mode,
      isArmed: true,
      lagMs: expect.any(Number),
      losses: 0,
    });
    expect(here.events).toContainEqual({ type: 'coherence', cache: processes.name, state: 'armed', mode });
  });

  it.each(CHANGES)('forgets what another process changes: %s', async (_, change, after) => {
    await change(there.engine);
    await expectSoon(() => here.engine.get('a'), after);
    await expectSoon(() => there.engine.get('a'), after);
  });

  it.each(CHANGES)('forgets at once what this process changes: %s', async (_, change, after) => {
    await change(here.engine);
    expect(await here.engine.get('a')).toBe(after);
    expect(await here.engine.get('a')).toBe(after);
  });

  it('forgets what another process is about to write through', async () => {
    const gate = new Gate<string>();
    const written = there.engine.writeThrough('a', async () => {
      await gate.pass('persist');
      return 'new';
    });
    await gate.arrival();
    await expectSoon(() => here.engine.get('a'), undefined);
    gate.open();
    await written;
    await expectSoon(() => here.engine.get('a'), 'new');
  });

  it('answers without a command to Redis, tags included', async () => {
    here.sent.forget();
    for (let read = 0; read < 50; read++) {
      expect(await here.engine.get('a')).toBe('old');
      expect(await here.engine.getOrSet('a', () => 'loaded')).toBe('old');
      expect(await here.engine.getOrSetMany(['a'], () => new Map())).toEqual(['old']);
    }
    expect(here.sent.calls).toEqual([]);
  });

  it('hears of a change that follows one of its own', async () => {
    await here.engine.set('a', 'mine');
    await expectRemembered(here, 'a');
    await there.engine.set('a', 'new');
    await expectSoon(() => here.engine.get('a'), 'new');
  });

  it('has what it wrote itself, once it is read', async () => {
    await here.engine.getOrSet('b', () => 'loaded');
    await expectRemembered(here, 'b');
    await there.engine.set('b', 'new');
    await expectSoon(() => here.engine.get('b'), 'new');
  });

  it('hears of changes of a long key, whose name is shortened', async () => {
    const key = 'k'.repeat(3_000);
    const tag = 't'.repeat(3_000);
    await there.engine.setMany([[key, 'old']], { tags: [tag] });
    expect(await here.engine.get(key)).toBe('old');
    await there.engine.deleteByTag(tag);
    await expectSoon(() => here.engine.get(key), undefined);
    await there.engine.set(key, 'untagged');
    await expectSoon(() => here.engine.get(key), 'untagged');
    await there.engine.set(key, 'new');
    await expectSoon(() => here.engine.get(key), 'new');
  });

  it('hears of evicts of what it set itself under a long key, or with a long tag', async () => {
    const [key, tag] = ['k'.repeat(3_000), 't'.repeat(3_000)];
    await here.engine.set(key, 'old');
    await here.engine.set('b', 'old', { tags: [tag] });
    expect(await here.engine.getMany([key, 'b'])).toEqual(['old', 'old']);
    await there.engine.delete(key);
    await there.engine.deleteByTag(tag);
    await expectSoon(() => here.engine.getMany([key, 'b']), [undefined, undefined]);
  });

  it('keeps a counter out, and hears of it', async () => {
    await here.engine.increment('n');
    await there.engine.increment('n');
    expect(await here.engine.get('n')).toBe(2);
    await there.engine.increment('n', 40);
    expect(await here.engine.get('n')).toBe(42);
  });

  it('does not mind changes in a namespace that it does not use', async () => {
    await there.engine.namespace('inner').set('a', 'of another');
    await there.engine.namespace('inner').clear();
    await processes.untilHeardBy(here);
    expect(await here.engine.get('a')).toBe('old');
  });

  it('hears of changes in namespaces of the cache', async () => {
    const [inner, innerThere] = [here.engine.namespace('inner'), there.engine.namespace('inner')];
    await innerThere.set('a', 'old');
    await expectSoon(() => tierOf(inner, 'a'), 'memory');
    await innerThere.set('a', 'new');
    await expectSoon(() => inner.get('a'), 'new');
    expect(await here.engine.get('a')).toBe('old');
  });
});

/** What `redis-cli`, a program in another language or the server itself does. */
const FOREIGN_CHANGES: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['a deletion', () => redis.send('DEL', [processes.valueKey('a')])],
  ['a foreign write', () => redis.send('SET', [processes.valueKey('a'), 'what others write'])],
  ['a renaming', () => redis.send('RENAME', [processes.valueKey('a'), 'elsewhere'])],
  ['an expiry', () => redis.send('PEXPIRE', [processes.valueKey('a'), 20])],
  ['the deletion of a tag record', () => redis.send('DEL', [processes.tagKey('t')])],
  ['the expiry of a tag record', () => redis.send('PEXPIRE', [processes.tagKey('t'), 20])],
  ['the deletion of the clear record', () => redis.send('DEL', [processes.clearKey])],
  ['FLUSHALL', () => redis.send('FLUSHALL', [])],
  ['FLUSHDB in the background', () => redis.send('FLUSHDB', ['ASYNC'])],
  ['the eviction of everything', evictEverything],
];

async function evictEverything(): Promise<void> {
  await redis.send('CONFIG', ['SET', 'maxmemory-policy', 'allkeys-random']);
  await redis.send('CONFIG', ['SET', 'maxmemory', '1']);
  await redis.send('SET', ['x', '1']).catch(() => undefined); // Redis makes room first, then finds it too little.
  await redis.send('CONFIG', ['SET', 'maxmemory', '0']);
}

describe.each<KeyWatchMode>(['tracking', 'tracking-reads'])('memory, kept coherent by %s,', (mode) => {
  let here: CacheProcess;

  beforeEach(async () => {
    const cache = { coherence: mode };
    const [first, there] = await Promise.all([processes.start({ cache }), processes.start({ cache })]);
    here = first;
    await share(there, here, { tags: ['t'] });
  });

  it.each(FOREIGN_CHANGES)('forgets what others change: %s', async (_, change) => {
    await change();
    await expectSoon(() => here.engine.get('a'), undefined);
    expect(await here.engine.getOrSet('a', () => 'loaded', { tags: ['t'] })).toBe('loaded');
    expect(await here.engine.get('a')).toBe('loaded');
  });

  it('fills itself again after all was flushed', async () => {
    await redis.send('FLUSHALL', []);
    await expectSoon(() => here.engine.get('a'), undefined);
    await here.engine.set('a', 'again');
    await expectRemembered(here, 'a');
  });
});

describe('the time that a tag record has left', () => {
  let here: CacheProcess;
  let there: CacheProcess;

  beforeEach(async () => {
    [here, there] = await Promise.all([processes.start(), processes.start()]);
    await share(there, here, { tags: ['t'] });
  });

  it.each([
    ['prolonged', () => redis.send('PEXPIRE', [processes.tagKey('t'), 30_000_000])],
    ['prolonged for a longer entry', () => there.engine.set('b', 1, { tags: ['t'], ttl: '3h' })],
    ['made endless', () => redis.send('PERSIST', [processes.tagKey('t')])],
  ])('can be %s without harm', async (_, prolong) => {
    await prolong();
    await processes.untilHeardBy(here);
    expect(await here.engine.getOrSet('a', () => 'loaded')).toBe('old');
    await expectRemembered(here, 'a');
  });

  it('can be prolonged while a value with the tag is loaded, and that is stored all the same', async () => {
    const load = async () => {
      await redis.send('PEXPIRE', [processes.tagKey('t'), 30_000_000]);
      await redis.send('PEXPIRE', [processes.clearKey, 30_000_000]);
      await processes.untilHeardBy(here);
      return 'loaded';
    };
    await here.engine.getOrSet('b', load, { tags: ['t'] });
    expect(await here.engine.get('b')).toBe('loaded');
  });
});

describe('the records that a process knows', () => {
  it('are kept in use, though hits in memory never ask for them', async () => {
    const clock = new SkewedClock();
    const [here, there] = await Promise.all([processes.start({ clock }), processes.start()]);
    await share(there, here, { tags: ['t', 'u'] });
    const touches = async () => {
      const stats = String(await redis.send('INFO', ['commandstats']));
      return Number(/cmdstat_touch:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    const before = await touches();
    clock.leap(5_000);
    // One for clear, so that it is the youngest of all, and one for the tags.
    await expectSoon(async () => (await touches()) - before, 2);
    clock.leap(5_000);
    await expectSoon(async () => (await touches()) - before, 4);
  });
});

describe('memory of a process that has not heard of anything yet', () => {
  it('is not filled before it hears, and is then', async () => {
    const there = await processes.start();
    await there.engine.set('a', 'old');
    const here = await processes.start({ isUnheard: true });
    here.redis.notifications.hold();
    expect(await here.engine.get('a')).toBe('old');
    await here.engine.set('b', 1);
    await here.engine.getOrSet('c', () => 1);
    expect(await here.engine.getMany(['a', 'b', 'c'])).toEqual(['old', 1, 1]);
    expect(here.engine.memoryUse.entryCount).toBe(0);
    expect(here.engine.coherence?.isArmed).toBe(false);
    await here.redis.notifications.arrival();
    here.redis.notifications.deliver();
    await expectRemembered(here, 'a');
  });

  it('does not keep a reply to what it asked before it heard', async () => {
    const there = await processes.start();
    await there.engine.set('a', 'old');
    const here = await processes.start({ isUnheard: true });
    here.redis.notifications.hold();
    const replies = here.redis.gateReplies(({ kind }) => kind === 'read');
    const early = here.engine.get('a');
    await Promise.all([replies.arrival(), here.redis.notifications.arrival()]);
    here.redis.notifications.deliver();
    replies.open();
    expect(await early).toBe('old');
    expect(here.engine.memoryUse.entryCount).toBe(0);
  });
});

describe('memory that hears nothing for a while', () => {
  it('is trusted for the liveness bound at most', async () => {
    const [here, there] = await Promise.all([processes.start(), processes.start()]);
    await share(there, here);
    here.redis.notifications.hold();
    await there.engine.set('a', 'new');
    const changedAtMs = performance.now();
    expect(await here.engine.get('a')).toBe('old');
    await expectSoon(() => here.engine.get('a'), 'new', 5_000);
    expect(performance.now() - changedAtMs).toBeLessThan(1_500);
    expect(await tierOf(here.engine, 'a')).toBe('redis');
    here.redis.notifications.deliver();
    await expectRemembered(here, 'a');
  });

  it('is not trusted when its process was stopped, whatever its timers say', async () => {
    const clock = new SkewedClock();
    const [here, there] = await Promise.all([processes.start({ clock }), processes.start()]);
    await share(there, here);
    here.sent.forget();
    clock.leap(5_000);
    const read = here.engine.get('a');
    expect(here.sent.calls).toHaveLength(1);
    expect(await read).toBe('old');
  });
});

describe('memory that hears of no changes', () => {
  const cache = { coherence: 'none' as const };

  /** Time stands still between them, however slow the machine is. */
  const startStill = (memoryTtlMs = Infinity) => {
    const clock = new FakeClock();
    const own = { ...cache, memoryTtlMs };
    return processes.start({ cache: own, clock, isUnheard: true }).then((process) => ({ ...process, clock }));
  };

  it('keeps what it has for a second at most', async () => {
    const here = await startStill();
    const there = await processes.start({ cache, isUnheard: true });
    expect(here.engine.coherence).toEqual({
      configured: 'none',
      mode: undefined,
      isArmed: false,
      lagMs: undefined,
      losses: 0,
    });
    await here.engine.set('a', 'old', { tags: ['t'] });
    await there.engine.set('b', 'old');
    expect(await here.engine.getMany(['a', 'b'])).toEqual(['old', 'old']);
    await there.engine.set('a', 'new');
    await there.engine.delete('b');
    here.sent.forget();
    here.clock.advance(999);
    expect(await here.engine.getMany(['a', 'b'])).toEqual(['old', 'old']);
    expect(here.sent.calls).toEqual([]);
    here.clock.advance(1);
    expect(await here.engine.getMany(['a', 'b'])).toEqual(['new', undefined]);
  });

  it('keeps it shorter where memoryTtl says so, and no longer than it is fresh', async () => {
    const here = await startStill(100);
    const there = await processes.start({ cache, isUnheard: true });
    await here.engine.set('a', 'old');
    await here.engine.set('b', 'old', { ttl: '50ms' });
    await there.engine.set('a', 'new');
    here.clock.advance(49);
    here.sent.forget();
    expect(await here.engine.getMany(['a', 'b'])).toEqual(['old', 'old']);
    expect(here.sent.calls).toEqual([]);
    here.clock.advance(1);
    expect(await here.engine.getMany(['a', 'b'])).toEqual(['old', undefined]);
    here.clock.advance(50);
    expect(await here.engine.get('a')).toBe('new');
  });

  it('lets who comes join a load for a second at most', async () => {
    const here = await startStill();
    const there = await processes.start({ cache, isUnheard: true });
    const loader = new GatedLoader('loaded before');
    const first = here.engine.getOrSet('a', loader.load);
    await loader.began();
    await there.engine.delete('a');
    here.clock.advance(999);
    const joined = here.engine.getOrSet('a', () => 'not asked');
    here.clock.advance(1);
    expect(await here.engine.getOrSet('a', () => 'loaded after')).toBe('loaded after');
    loader.end();
    expect(await Promise.all([first, joined])).toEqual(['loaded before', 'loaded before']);
    expect(await there.engine.get('a')).toBe('loaded after');
  });

  it('serves a stale copy during a load for a second at most', async () => {
    const here = await startStill();
    const there = await processes.start({ cache, isUnheard: true });
    const options = { ttl: '50ms', staleWhileRevalidate: '1h' } as const;
    await here.engine.set('a', 'old', options);
    here.clock.advance(50);
    const loader = new GatedLoader('loaded before');
    expect(await here.engine.getOrSet('a', loader.load, options)).toBe('old');
    await loader.began();
    await there.engine.delete('a');
    here.clock.advance(999);
    expect(await here.engine.getOrSet('a', () => 'not asked', options)).toBe('old');
    here.clock.advance(1);
    expect(await here.engine.getOrSet('a', () => 'loaded after', options)).toBe('loaded after');
    loader.end();
  });

  it('sees at once what it changes itself', async () => {
    const here = await processes.start({ cache, isUnheard: true });
    await here.engine.set('a', 'old', { tags: ['t'] });
    expect(await here.engine.get('a')).toBe('old');
    await here.engine.deleteByTag('t');
    expect(await here.engine.get('a')).toBeUndefined();
    await here.engine.set('a', 'new');
    expect(await here.engine.get('a')).toBe('new');
    await here.engine.clear();
    expect(await here.engine.get('a')).toBeUndefined();
  });
});

describe('a user who may not track', () => {
  const asUser = (user: string) => {
    const url = new URL(redis.server.url);
    [url.username, url.password] = [user, 'any'];
    return url.href;
  };

  beforeEach(async () => {
    await redis.send('ACL', ['SETUSER', 'limited', 'on', 'nopass', '~*', '&*', '+@all', '-client|tracking']);
  });

  it('gets a bus, over which all changes by caches are told', async () => {
    const redis = { url: asUser('limited') };
    const [here, there] = await Promise.all([processes.start({ redis }), processes.start({ redis })]);
    expect(here.engine.coherence).toMatchObject({ configured: 'auto', mode: 'bus', isArmed: true });
    await share(there, here, { tags: ['t'] });
    for (const [name, change, after] of CHANGES) {
      await change(there.engine);
      await expectSoon(() => here.engine.get('a'), after);
      expect([name, await there.engine.get('a')]).toEqual([name, after]);
      await there.engine.set('a', 'old', { tags: ['t'] });
      await expectSoon(() => here.engine.get('a'), 'old');
      await expectRemembered(here, 'a');
    }
  });

  it('gets no memory where it insists on tracking', async () => {
    const redis = { url: asUser('limited') };
    const here = await processes.start({ redis, cache: { coherence: 'tracking' }, isUnheard: true });
    await here.engine.set('a', 1);
    await expectSoon(() => here.engine.coherence?.losses, 1);
    // The refusal is a loss, after which the server is asked who it is.
    await expectSoon(() => here.engine.get('a'), 1);
    expect(await tierOf(here.engine, 'a')).toBe('redis');
    expect(here.engine.coherence?.isArmed).toBe(false);
  });
});

describe('without a memory tier', () => {
  it('reads what is there, and knows the versions', async () => {
    const cache = { memory: NO_MEMORY };
    const [here, there] = await Promise.all([processes.start({ cache }), processes.start({ cache })]);
    await there.engine.set('a', 'old', { tags: ['t'] });
    expect(await here.engine.get('a')).toBe('old');
    for (const [, change, after] of CHANGES) {
      await change(there.engine);
      await expectSoon(() => here.engine.get('a'), after);
      await there.engine.set('a', 'old', { tags: ['t'] });
      await expectSoon(() => here.engine.get('a'), 'old');
    }
  });
});
