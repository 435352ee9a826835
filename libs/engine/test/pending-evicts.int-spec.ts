import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine } from '@nest-strata/engine';
import type { EvictOutcome } from '@nest-strata/engine';
import { RedisReplyError } from '@nest-strata/redis';
import type { KeyWatchMode } from '@nest-strata/redis';
import { eventually } from '@nest-strata/testing';
import { CacheProcesses, tierOf } from './cache-processes.js';
import type { CacheProcess } from './cache-processes.js';
import { engineOptions } from './engine-options.js';
import { expectSoon } from './expect-soon.js';
import { SharedRedis } from './shared-redis.js';

/** The longest time between two attempts, and what a busy machine adds. */
const RETRIED_MS = 5_000;
const UNCONFIRMED: EvictOutcome = { confirmed: false, count: 0 };

let redis: SharedRedis;
let processes: CacheProcesses;
let here: CacheProcess;
let there: CacheProcess;

beforeEach(async () => {
  redis = await SharedRedis.start({ persistent: true });
  processes = new CacheProcesses(redis);
  [here, there] = await Promise.all([processes.start({ redis: { deadline: '50ms' } }), processes.start()]);
});

afterEach(async () => {
  await processes.close();
  await redis.stop();
});

/** Stores two values, of which both processes have the first in memory. */
async function share(): Promise<void> {
  await there.engine.set('a', 'old', { tags: ['t'], grace: '1h' });
  await there.engine.set('b', 'other', { tags: ['u'] });
  for (const { engine } of [here, there]) await expectSoon(() => tierOf(engine, 'a'), 'memory');
}

const failing = () => {
  throw new Error('database away');
};
const isSettled = () => here.engine.pendingEvicts.count === 0;
/** Redis does what it is asked by nobody of `here` any more; what it has, everybody else sees. */
const refuseAll = () => here.redis.disturb({ refuse: 1 });
const loseReplies = () => here.redis.disturb({ loseReply: 1 });
const allIsWell = () => here.redis.disturb({});

type Evict = readonly [name: string, evict: (engine: CacheEngine) => Promise<EvictOutcome>, alsoOther: boolean];

const EVICTS: readonly Evict[] = [
  ['delete', (engine) => engine.delete('a'), false],
  ['delete with a version', (engine) => engine.delete('a', { version: 9 }), false],
  ['deleteByTag', (engine) => engine.deleteByTag('t'), false],
  ['deleteByPattern', (engine) => engine.deleteByPattern('a*'), false],
  ['expire', (engine) => engine.expire('a'), false],
  ['clear', (engine) => engine.clear(), true],
];

describe.each([
  ['refuses', refuseAll],
  ['does not confirm', loseReplies],
])('an evict that Redis %s', (fault, disturb) => {
  beforeEach(share);

  it.each(EVICTS)(
    'is pending, served from nowhere, and repeated until it is confirmed: %s',
    async (_, evict, alsoOther) => {
      disturb();
      expect(await evict(here.engine)).toEqual(UNCONFIRMED);
      expect(here.engine.pendingEvicts.count).toBe(1);
      expect(await here.engine.get('a')).toBeUndefined();
      allIsWell();
      // Redis answers again, but may still have the old value.
      expect(await here.engine.get('a')).toBeUndefined();
      expect(await here.engine.lookup('a')).toMatchObject({ hit: false, stale: false });
      await expect(here.engine.getOrSet('a', failing)).rejects.toThrow('database away');
      await eventually(isSettled, RETRIED_MS);
      for (const { engine } of [here, there]) {
        await expectSoon(() => engine.get('a'), undefined);
        await expectSoon(() => engine.get('b'), alsoOther ? undefined : 'other');
      }
      const pending = here.events.filter(({ type }) => type === 'pending');
      expect(pending).toEqual([
        { type: 'pending', cache: processes.name, change: 'added', count: 1 },
        { type: 'pending', cache: processes.name, change: 'settled', count: 0 },
      ]);
    },
  );

  it('is told with the operation that failed', async () => {
    disturb();
    await here.engine.deleteByTag('t');
    expect(here.events).toContainEqual({
      ...{ type: 'error', cache: processes.name, operation: 'evict-tag' },
      error: expect.objectContaining({ code: 'REDIS_UNAVAILABLE' }),
    });
    const evict = here.events.find(({ type }) => type === 'evict');
    expect(evict).toEqual({ type: 'evict', cache: processes.name, by: 'tag', targets: ['t'], confirmed: false });
  });

  it('lets loads run, whose values Redis does not get before it is settled', async () => {
    disturb();
    await here.engine.delete('a');
    allIsWell();
    const writes = here.redis.gateCalls(({ name }) => name === 'UNLINK');
    expect(await here.engine.getOrSet('a', () => 'loaded')).toBe('loaded');
    expect(here.sent.calls).not.toContain('fill-value');
    writes.open();
    await eventually(isSettled, RETRIED_MS);
    await expectSoon(() => there.engine.get('a'), undefined);
  });

  it('is made needless by a newer write that is confirmed', async () => {
    disturb();
    await here.engine.delete('a');
    allIsWell();
    expect(await here.engine.set('a', 'newer')).toEqual({ stored: true });
    expect(isSettled()).toBe(true);
    for (const { engine } of [here, there]) await expectSoon(() => engine.get('a'), 'newer');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(await there.engine.get('a')).toBe('newer');
  });

  it('is made needless by a clear that is confirmed', async () => {
    disturb();
    await here.engine.delete('a');
    await here.engine.deleteByTag('u');
    allIsWell();
    expect(await here.engine.clear()).toEqual({ confirmed: true, count: 0 });
    expect(isSettled()).toBe(true);
  });

  it('concerns this process alone until Redis has it', async () => {
    disturb();
    await here.engine.delete('a');
    await expectSoon(() => there.engine.get('a'), fault === 'refuses' ? 'old' : undefined);
    await there.engine.set('a', 'newer of another');
    expect(await here.engine.get('a')).toBeUndefined();
  });
});

describe.each<KeyWatchMode>(['tracking', 'bus'])(
  'an evict that Redis refuses while it answers reads, by %s,',
  (coherence) => {
    it.each<readonly [string, (engine: CacheEngine) => Promise<EvictOutcome>]>([
      ['deleteByTag', (engine) => engine.deleteByTag('t')],
      ['clear', (engine) => engine.clear()],
    ])('stands here once it is confirmed, whatever was read before: %s', async (_, evict) => {
      here = await processes.start({ cache: { coherence } });
      await here.engine.set('a', 'old', { tags: ['t'] });
      let isFull = true;
      here.redis.onCall = ({ name }) => {
        if (isFull && name === 'bump-tag-version') throw new RedisReplyError('EVALSHA', 'OOM command not allowed');
      };
      expect(await evict(here.engine)).toEqual(UNCONFIRMED);
      expect(await here.engine.get('a')).toBeUndefined();
      isFull = false;
      await eventually(isSettled, RETRIED_MS);
      await processes.untilHeardBy(here);
      expect(await here.engine.get('a')).toBeUndefined();
      expect(await here.engine.getOrSet('a', () => 'loaded', { tags: ['t'] })).toBe('loaded');
    });
  },
);

describe('a write that Redis does not confirm', () => {
  beforeEach(share);

  it.each<[string, (engine: CacheEngine) => Promise<unknown>]>([
    ['set', (engine) => engine.set('a', 'new')],
    ['set with a version', (engine) => engine.set('a', 'new', { version: 3 })],
    ['replace', (engine) => engine.replace('a', 'new')],
  ])('becomes an evict: neither the old nor the new value may be served: %s', async (_, write) => {
    loseReplies();
    expect(await write(here.engine)).toEqual({ stored: false, reason: 'redis-unavailable' });
    expect(here.engine.pendingEvicts.count).toBe(1);
    allIsWell();
    expect(await here.engine.get('a')).toBeUndefined();
    await eventually(isSettled, RETRIED_MS);
    for (const { engine } of [here, there]) await expectSoon(() => engine.get('a'), undefined);
  });

  it('leaves what there was where it would have stored in an empty place alone', async () => {
    loseReplies();
    expect(await here.engine.setIfAbsent('a', 'new')).toMatchObject({ stored: false });
    expect(await here.engine.touch('a', '2h')).toBe(false);
    expect(await here.engine.increment('n')).toBeUndefined();
    allIsWell();
    expect(isSettled()).toBe(true);
    expect(await here.engine.get('a')).toBe('old');
  });

  it('is an evict also where nobody knows whether the source was written through', async () => {
    refuseAll();
    const failing = () => Promise.reject(new Error('connection lost'));
    await expect(here.engine.writeThrough('a', failing)).rejects.toThrow('connection lost');
    allIsWell();
    expect(await here.engine.get('a')).toBeUndefined();
    await eventually(isSettled, RETRIED_MS);
    await expectSoon(() => there.engine.get('a'), undefined);
  });

  it('is an evict also where the source was written through', async () => {
    refuseAll();
    expect(await here.engine.writeThrough('a', () => 'persisted')).toBe('persisted');
    allIsWell();
    expect(await here.engine.get('a')).toBeUndefined();
    await eventually(isSettled, RETRIED_MS);
    await expectSoon(() => there.engine.get('a'), undefined);
  });
});

describe('a reply that is on its way while an evict is settled', () => {
  beforeEach(share);

  it('is not served', async () => {
    refuseAll();
    await here.engine.delete('a');
    allIsWell();
    const replies = here.redis.gateReplies(({ kind }) => kind === 'read');
    const read = here.engine.get('a');
    await replies.arrival();
    await eventually(isSettled, RETRIED_MS);
    replies.open();
    expect(await read).toBeUndefined();
    expect(await here.engine.get('a')).toBeUndefined();
  });
});

describe('more evicts than may be pending', () => {
  it('become one clear', async () => {
    here = await processes.start({ cache: { recovery: { failoverWindowMs: 30_000, maxPendingEvicts: 3 } } });
    await share();
    refuseAll();
    for (let index = 0; index < 4; index++) await here.engine.delete(`key ${String(index)}`);
    expect(here.engine.pendingEvicts.count).toBe(1);
    expect(here.events).toContainEqual({ type: 'pending', cache: processes.name, change: 'collapsed', count: 1 });
    allIsWell();
    // Nothing that Redis has is served; what memory has was not evicted.
    expect(await here.engine.get('b')).toBeUndefined();
    await eventually(isSettled, RETRIED_MS);
    for (const { engine } of [here, there]) await expectSoon(() => engine.getMany(['a', 'b']), [undefined, undefined]);
  });
});

describe('pending evicts', () => {
  beforeEach(share);

  it('are counted with those of namespaces, and show how long they wait', async () => {
    const inner = here.engine.namespace('inner');
    refuseAll();
    await here.engine.delete('a');
    await inner.delete('a');
    await eventually(() => here.engine.pendingEvicts.oldestAgeMs > 0);
    expect(here.engine.pendingEvicts.count).toBe(2);
    expect(inner.pendingEvicts.count).toBe(1);
    expect(there.engine.pendingEvicts).toEqual({ count: 0, oldestAgeMs: 0 });
    expect(CacheEngine.create(engineOptions()).pendingEvicts).toEqual({ count: 0, oldestAgeMs: 0 });
  });

  it('are repeated before the cache is closed', async () => {
    refuseAll();
    await here.engine.delete('a');
    allIsWell();
    await here.engine.close();
    expect(isSettled()).toBe(true);
    await expectSoon(() => there.engine.get('a'), undefined);
  });

  it('are told when they are left at the end', async () => {
    refuseAll();
    await here.engine.delete('a');
    const startedAtMs = performance.now();
    await here.engine.close(50);
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
    expect(here.events).toContainEqual(
      expect.objectContaining({
        type: 'error',
        error: expect.objectContaining({ code: 'UNSETTLED_EVICTS', count: 1 }),
      }),
    );
  });
});

describe.each([
  ['hangs', async () => redis.server.pause(), async () => redis.server.resume()],
  ['dies and comes back with its data', () => redis.server.kill(), () => redis.server.restart()],
])('when Redis %s,', (_, breakRedis, mendRedis) => {
  beforeEach(share);

  /** All that is read of a key until Redis is back and nothing is pending. */
  async function seenOf(key: string): Promise<Set<unknown>> {
    const seen = new Set<unknown>();
    await eventually(async () => {
      seen.add(await here.engine.get(key));
      return here.redis.state === 'ready' && there.redis.state === 'ready' && isSettled();
    }, 10_000);
    return seen;
  }

  it.each(EVICTS)('an evict is not lost: %s', async (_name, evict) => {
    await breakRedis();
    const startedAtMs = performance.now();
    expect(await evict(here.engine)).toEqual(UNCONFIRMED);
    expect(performance.now() - startedAtMs).toBeLessThan(500);
    expect(await here.engine.get('a')).toBeUndefined();
    await mendRedis();
    expect(await seenOf('a')).toEqual(new Set([undefined]));
    for (const { engine } of [here, there]) await expectSoon(() => engine.get('a'), undefined, RETRIED_MS);
  });

  it('neither a write that was not confirmed nor what it was to replace is served', async () => {
    await breakRedis();
    expect(await here.engine.set('a', 'lost')).toEqual({ stored: false, reason: 'redis-unavailable' });
    await here.engine.delete('a');
    await mendRedis();
    expect(await seenOf('a')).toEqual(new Set([undefined]));
    // The other process may still repeat what it had written before, and evict this one with it.
    await eventually(async () => {
      await here.engine.set('a', 'newest');
      return (await there.engine.get('a')) === 'newest';
    }, 10_000);
    expect(await here.engine.get('a')).not.toBe('lost');
  });
});

describe('a server that comes back empty or older', () => {
  it('is told, and cleared where nobody knows what it has lost', async () => {
    await share();
    await here.engine.set('b', 'of before');
    await redis.server.kill();
    await redis.server.restart();
    await eventually(async () => (await here.engine.set('c', 'after')).stored, 10_000);
    await eventually(() => here.events.some(({ type }) => type === 'failover'), 10_000);
    expect(here.events).toContainEqual({
      ...{ type: 'failover', cache: processes.name },
      verdict: expect.stringMatching(/^(replay|clear)$/),
    });
  });
});
