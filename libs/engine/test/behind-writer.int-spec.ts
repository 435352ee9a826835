import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheEngine, LostWritesError } from '@nest-strata/engine';
import type { BehindWriter, CacheEvent, WriteBehindOptions } from '@nest-strata/engine';
import { eventually, Gate } from '@nest-strata/testing';
import { CacheProcesses } from './cache-processes.js';
import type { CacheProcess } from './cache-processes.js';
import { engineOptions } from './engine-options.js';
import { expectSoon } from './expect-soon.js';
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

const failing = () => {
  throw new Error('the database was asked');
};

describe.each(['memory', 'redis'])('a cache over %s that is written behind', (kind) => {
  let process: CacheProcess | undefined;
  let cache: CacheEngine;
  let events: readonly CacheEvent[];
  /** Where batches wait on their way into the database. */
  let gate: Gate;
  let database: Map<string, string>;
  let writer: BehindWriter<string>;

  beforeEach(async () => {
    gate = new Gate();
    gate.open();
    database = new Map();
    process = kind === 'redis' ? await processes.start() : undefined;
    const heard: CacheEvent[] = [];
    cache = process?.engine ?? CacheEngine.create(engineOptions());
    cache.listen((event) => heard.push(event));
    events = heard;
    writer = open({});
  });

  afterEach(async () => {
    gate.open();
    await cache.close(0);
  });

  function open(options: Partial<WriteBehindOptions<string>>): BehindWriter<string> {
    return cache.writeBehind('heroes', {
      interval: '5ms',
      persist: async (batch) => {
        await gate.pass();
        for (const { key, value } of batch) database.set(key, value);
      },
      ...options,
    });
  }

  const load = ({ key }: { readonly key: string }) => database.get(key) ?? 'nothing';

  it('gives readers what was accepted at once, and the database a moment later', async () => {
    gate.close();
    expect(await writer.write('a', 'new')).toMatchObject({ accepted: true });
    expect(await cache.get('a')).toBe('new');
    expect(database.size).toBe(0);
    gate.open();
    await expectSoon(() => database.get('a'), 'new');
    const told = events.filter((event) => event.type === 'write-behind').map(({ event }) => event.type);
    expect(told).toContain('accepted');
  });

  it('gives the value the options of the entry', async () => {
    await writer.write('a', 'new', { ttl: '1m', tags: ['t'], idempotencyKey: 'once' });
    expect(await cache.ttl('a')).toBeLessThanOrEqual(60_005);
    await cache.deleteByTag('t');
    expect(await cache.get('a')).toBeUndefined();
    expect(await writer.write('a', 'new', { idempotencyKey: 'once' })).toMatchObject({ idempotencyKey: 'once' });
  });

  it('loads what was accepted and is not persisted yet, not what the database still has', async () => {
    database.set('a', 'old');
    database.set('b', 'of the database');
    gate.close();
    await writer.write('a', 'new');
    await cache.delete('a');
    expect(await cache.getOrSet('a', writer.loader(load))).toBe('new');
    expect(await cache.getOrSet('b', writer.loader(load))).toBe('of the database');
    await cache.clear();
    const batchLoader = writer.batchLoader((keys) => new Map(keys.map((key) => [key, load({ key })])));
    expect(await cache.getOrSetMany(['a', 'b', 'c'], batchLoader)).toEqual(['new', 'of the database', 'nothing']);
    await cache.clear();
    expect(await cache.getOrSetMany(['a'], writer.batchLoader(failing))).toEqual(['new']);
  });

  it('does not cache what it could not accept', async () => {
    gate.close();
    writer = open({ maxPending: 1, persist: () => gate.pass() });
    await writer.write('a', 'first');
    expect(await writer.write('b', 'too much')).toMatchObject({ accepted: false, reason: 'full' });
    expect(await cache.get('b')).toBeUndefined();
    expect(await cache.getOrSet('b', () => 'loaded')).toBe('loaded');
  });

  it('is persisted on close, and what was not is lost with memory and told', async () => {
    await cache.closeQueues();
    gate.close();
    writer = open({});
    const other = cache.namespace('other').writeBehind<string>('others', { persist: () => gate.pass() });
    await Promise.all([writer.write('a', 'A'), other.write('b', 'B')]);
    await cache.closeQueues(20);
    await cache.closeQueues(20);
    const lost = events.flatMap((event) =>
      event.type === 'error' && event.error instanceof LostWritesError ? [event.error.queue] : [],
    );
    expect(lost.sort()).toEqual(kind === 'memory' ? ['heroes', 'others'] : []);
    expect(await writer.write('c', 'C')).toMatchObject({ accepted: false, reason: 'closed' });
  });

  it('rejects what can be no value', async () => {
    await expect(writer.write('a', (() => 1) as never)).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE' });
    expect(await cache.get('a')).toBeUndefined();
  });

  it('evicts what was given up: the database does not have it', async () => {
    writer = cache.writeBehind('villains', {
      interval: '5ms',
      maxAttempts: 1,
      persist: () => Promise.reject(new Error('constraint violated')),
    });
    await writer.write('a', 'never persisted');
    await eventually(() => events.some((event) => event.type === 'write-behind' && event.event.type === 'dead'));
    await expectSoon(() => cache.get('a'), undefined);
  });
});

describe('a cache that is closed', () => {
  it('repeats the evicts of what its queues still bring into the database', async () => {
    const [{ engine, redis }, other] = await Promise.all([processes.start(), processes.start()]);
    await other.engine.set('hero', 'of before');
    const gate = new Gate();
    const writer = engine.namespace('queued').writeBehind<string>('heroes', {
      persist: async () => {
        await gate.pass();
        redis.disturb({ refuse: 1 });
        await engine.delete('hero');
        redis.disturb({});
      },
    });
    await writer.queue.accept('hero', 'new');
    await gate.arrival();
    const closing = engine.close(5_000);
    gate.open();
    await closing;
    expect(engine.pendingEvicts.count).toBe(0);
    await expectSoon(() => other.engine.get('hero'), undefined);
  });
});

describe('a write behind while Redis is away', () => {
  it('evicts nothing while it is refused, and what nobody knows of when it is not confirmed', async () => {
    const { engine, redis } = await processes.start();
    await engine.set('a', 'of before');
    const writer = engine.writeBehind<string>('heroes', { persist: () => undefined, interval: '5ms' });
    redis.disturb({ refuse: 1 });
    expect(await writer.write('a', 'new')).toMatchObject({ accepted: false, reason: 'redis-unavailable' });
    expect(engine.pendingEvicts.count).toBe(0);
    redis.disturb({ loseReply: 1 });
    expect(await writer.write('a', 'new')).toMatchObject({ accepted: false, reason: 'unknown' });
    expect(engine.pendingEvicts.count).toBe(1);
    redis.disturb({});
  });

  it('is refused, and loads ask the database', async () => {
    const { engine, redis, events } = await processes.start();
    const writer = engine.writeBehind<string>('heroes', { persist: () => undefined, interval: '5ms' });
    redis.disturb({ refuse: 1 });
    expect(await writer.write('a', 'new')).toMatchObject({ accepted: false, reason: 'redis-unavailable' });
    expect(
      await engine.getOrSet(
        'a',
        writer.loader(() => 'of the database'),
      ),
    ).toBe('of the database');
    expect(events).toContainEqual(expect.objectContaining({ type: 'error', operation: 'pending-writes' }));
    redis.disturb({});
  });
});
