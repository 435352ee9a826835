import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createWriteBehind, EntryCodec, InvalidKeyError, KeySpace, UnsettledWritesError } from '@nest-strata/engine';
import type { WriteBehind, WriteBehindOptions } from '@nest-strata/engine';
import { RedisUnavailableError } from '@nest-strata/redis';
import { ChaosRedisPort, eventually } from '@nest-strata/testing';
import { SharedRedis } from './shared-redis.js';
import { RecordingDatabase } from './write-behind-database.js';

let redis: SharedRedis;
let queues = 0;
let database: RecordingDatabase<unknown>;
let opened: WriteBehind<unknown>[];

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterAll(() => redis.stop());

beforeEach(() => {
  database = new RecordingDatabase();
  opened = [];
  queues++;
});

afterEach(async () => {
  database.gate.open();
  await Promise.all(opened.map((queue) => queue.close({ deadlineMs: 0 })));
});

function open(options: Partial<WriteBehindOptions<unknown>>, port?: ChaosRedisPort): WriteBehind<unknown> {
  const all = { persist: database.persist, interval: '5ms', retryDelay: '5ms', ...options } as const;
  const surroundings = { keySpace: new KeySpace('test'), codec: new EntryCodec(), redis: port };
  const queue = createWriteBehind<unknown>(`settled-${queues}`, all, surroundings);
  opened.push(queue);
  return queue;
}

/** Whether a promise is resolved within a time in which it would be, if nothing held it. */
async function isResolved(promise: Promise<unknown>): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, 100, false));
  return Promise.race([promise.then(() => true), late]);
}

describe.each([
  ['memory', () => undefined],
  ['Redis', () => new ChaosRedisPort(redis.port)],
])('what waits in %s', (_, port) => {
  it.each([[['a', 'b']], ['all' as const]])('is settled for %p once the database has it', async (keys) => {
    const queue = open({}, port());
    database.gate.close();
    await queue.accept('a', 'old');
    await database.gate.arrival();
    await queue.accept('a', 'new');
    const settled = queue.settled(keys);
    expect(await isResolved(settled)).toBe(false);
    database.gate.open();
    await settled;
    expect(database.valuesOf('a')).toEqual(['old', 'new']);
  });

  it('is settled for a key while others wait, and for one that does not', async () => {
    const queue = open({ batchSize: 1 }, port());
    database.gate.close();
    await queue.accept('a', 1);
    await database.gate.arrival();
    await queue.settled(['b', 'c']);
    await queue.settled([]);
    expect(database.taken).toEqual([]);
  });

  it('is settled without waiting for the interval', async () => {
    const queue = open({ interval: '1m' }, port());
    await queue.accept('a', 1);
    await eventually(() => database.taken.length === 1);
    await Promise.all([queue.accept('a', 2), queue.accept('b', 2)]);
    await queue.settled(['a']);
    expect(database.rows.get('a')).toBe(2);
  });

  it('is settled though the key is written again and again', async () => {
    const queue = open({}, port());
    const enough = new AbortController();
    const writing = (async () => {
      for (let value = 0; !enough.signal.aborted; value++) {
        await queue.accept('a', value);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await eventually(() => database.taken.length > 1);
    for (const keys of [['a'], 'all'] as const) await queue.settled(keys);
    enough.abort();
    await writing;
    await queue.settled('all');
    expect(await queue.pending('a')).toBeUndefined();
  });

  it('is settled once it was given up', async () => {
    const queue = open({ maxAttempts: 2 }, port());
    database.reject = () => new Error('refused');
    await queue.accept('a', 1);
    await queue.settled(['a']);
    expect(await queue.deadLetters()).toHaveLength(1);
  });

  it('is not settled while the database refuses it, and waits on', async () => {
    const queue = open({ maxAttempts: Infinity }, port());
    database.reject = () => new Error('refused');
    await queue.accept('a', 1);
    await expect(queue.settled(['a'], { withinMs: 50 })).rejects.toThrow(UnsettledWritesError);
    await expect(queue.settled('all', { withinMs: 50 })).rejects.toThrow('within 50 ms');
    database.reject = () => undefined;
    await queue.settled('all');
    expect(database.rows.get('a')).toBe(1);
  });

  it('is of keys that are some', async () => {
    await expect(open({}, port()).settled([''])).rejects.toThrow(InvalidKeyError);
  });
});

describe('what waits in Redis', () => {
  it('is settled once the process that drains has brought it into the database', async () => {
    const owner = open({}, new ChaosRedisPort(redis.port));
    database.gate.close();
    await owner.accept('a', 1);
    await database.gate.arrival();
    const other = open({ persist: () => Promise.reject(new Error('not the owner')) }, new ChaosRedisPort(redis.port));
    const settled = other.settled(['a']);
    expect(await isResolved(settled)).toBe(false);
    database.gate.open();
    await settled;
    expect(database.valuesOf('a')).toEqual([1]);
  });

  it('is not known to be settled while Redis is away', async () => {
    const port = new ChaosRedisPort(redis.port);
    const queue = open({}, port);
    port.disturb({ refuse: 1 });
    for (const keys of [['a'], 'all'] as const) {
      await expect(queue.settled(keys)).rejects.toThrow(RedisUnavailableError);
    }
  });
});
