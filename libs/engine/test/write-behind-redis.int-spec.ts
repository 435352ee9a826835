import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '@nest-strata/core';
import { createWriteBehind, EntryCodec, JsonCodec, KeySpace, TypeRegistry } from '@nest-strata/engine';
import type { WriteBehind, WriteBehindEvent, WriteBehindOptions, WriteBehindOutcome } from '@nest-strata/engine';
import { createRedis, RedisReplyError, RedisUnavailableError } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { ChaosRedisPort, eventually, FakeClock, SkewedClock } from '@nest-strata/testing';
import { SharedRedis } from './shared-redis.js';
import { RecordingDatabase } from './write-behind-database.js';

const NO_VERSION = '0'.repeat(16);

let redis: SharedRedis;
let queues = 0;
let stream: string;
let opened: Process[];

/** What one process of an application has. */
interface Process {
  readonly queue: WriteBehind<unknown>;
  readonly database: RecordingDatabase<unknown>;
  readonly port: ChaosRedisPort;
  readonly events: WriteBehindEvent[];
}

beforeAll(async () => {
  redis = await SharedRedis.start({ persistent: true });
});

afterAll(() => redis.stop());

beforeEach(() => {
  stream = `strata:test:w:{queue-${++queues}}`;
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map(({ queue }) => queue.close({ deadlineMs: 0 })));
});

function open(
  options: Partial<WriteBehindOptions<unknown>> = {},
  { port = redis.port, codec = new EntryCodec(), clock }: { port?: RedisPort; codec?: EntryCodec; clock?: Clock } = {},
): Process {
  const database = new RecordingDatabase<unknown>();
  const events: WriteBehindEvent[] = [];
  const chaotic = new ChaosRedisPort(port);
  const all = { persist: database.persist, interval: '5ms', retryDelay: '5ms', ...options } as const;
  const queue = createWriteBehind(`queue-${queues}`, all, {
    keySpace: new KeySpace('test'),
    codec,
    redis: chaotic,
    onEvent: (event) => events.push(event),
    ...(clock && { clock }),
  });
  const process = { queue, database, port: chaotic, events };
  opened.push(process);
  return process;
}

function idOf(outcome: WriteBehindOutcome): string {
  if (!outcome.accepted) throw new Error(`Refused: ${outcome.reason}`);
  return outcome.id;
}

const isOwner = ({ events }: Process): boolean => events.some(({ type }) => type === 'takeover');
const fields = (write: Record<string, string | Buffer>) => Object.entries(write).flat();

async function keysLeft(): Promise<string[]> {
  const keys = (await redis.send('KEYS', [`${stream.replace(/[{}]/g, '?')}*`])) as Buffer[];
  return keys.map((key) => key.toString().slice(stream.length)).sort();
}

/** A process that drains, and its batch of the key `busy` under way. */
async function busyOwner(options?: Partial<WriteBehindOptions<unknown>>): Promise<Process> {
  const owner = open(options);
  owner.database.gate.close();
  await owner.queue.accept('busy', 'of the owner', { idempotencyKey: 'k' });
  await owner.database.gate.arrival();
  return owner;
}

describe('several processes', () => {
  it('have one that drains, what others accepted too, and all see what waits', async () => {
    const owner = await busyOwner();
    const other = open();
    await other.queue.accept('a', 1);
    expect(await owner.queue.pending('a')).toMatchObject({ value: 1 });
    expect(await other.queue.pending('busy')).toMatchObject({ value: 'of the owner' });
    owner.database.gate.open();
    await eventually(() => owner.database.rows.has('a'));
    await eventually(async () => (await other.queue.pending('a')) === undefined);
    expect(isOwner(other)).toBe(false);
    expect(other.database.batches).toEqual([]);
    await eventually(() => other.queue.stats().pending === 0);
  });

  it('leave nothing behind but an empty stream, which remembers the last id', async () => {
    const { queue } = open();
    await queue.accept('a', 1);
    await eventually(() => queue.stats().persisted === 1);
    expect(await keysLeft()).toEqual(['', ':owner']);
    await queue.close();
    expect(await keysLeft()).toEqual(['']);
  });

  it('go on when the owner is closed, with the attempts that it counted', async () => {
    const owner = open({ retryDelay: '1m', maxRetryDelay: '1m' });
    owner.database.reject = () => new Error('no');
    await owner.queue.accept('a', 1, { idempotencyKey: 'k' });
    await owner.queue.accept('b', 1, { idempotencyKey: 'k' });
    await eventually(() => owner.queue.stats().failed === 2, 10_000);
    const other = open({ retryDelay: '1m', maxRetryDelay: '1m' });
    expect(await owner.queue.close()).toEqual({ pending: 2 });
    await eventually(() => other.database.rows.size === 2);
    expect(other.database.batches).toMatchObject([
      [{ key: 'a', attempt: 2, idempotencyKey: 'k' }],
      [{ key: 'b', attempt: 2, idempotencyKey: 'k' }],
    ]);
  });

  it('go on at once when one accepts and nobody drains', async () => {
    const owner = open();
    await eventually(() => isOwner(owner));
    // Its clock stands still, so nothing but the call can wake it.
    const clock = new FakeClock();
    const other = open({}, { clock });
    await eventually(() => clock.pendingTimers > 0);
    await owner.queue.close();
    await other.queue.accept('a', 1);
    await eventually(() => other.database.rows.has('a'));
    expect(isOwner(other)).toBe(true);
  });

  it('go on at once, too, when they were just about to learn that another drains', async () => {
    const owner = open();
    await eventually(() => isOwner(owner));
    const clock = new FakeClock();
    const other = open({}, { clock });
    await eventually(() => clock.pendingTimers > 0);
    const asking = other.port.gateReplies(({ name }) => name === 'own-queue');
    clock.advance(500);
    await asking.arrival();
    await owner.queue.close();
    await other.queue.accept('a', 1);
    asking.open();
    await eventually(() => clock.pendingTimers > 0);
    clock.advance(1);
    await eventually(() => isOwner(other));
    await eventually(() => other.database.rows.has('a'));
    expect(other.database.valuesOf('a')).toEqual([1]);
  });

  it('let a batch take as long as it needs, while they own the queue', async () => {
    const owner = await busyOwner();
    const other = open();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(isOwner(other)).toBe(false);
    owner.database.gate.open();
    await eventually(() => owner.queue.stats().persisted === 1);
    expect(owner.database.batches).toHaveLength(1);
    expect(owner.events.filter(({ type }) => type === 'takeover')).toHaveLength(1);
  });

  it('repeat what the owner had under way when it lost the queue, and its late result changes nothing', async () => {
    const owner = await busyOwner();
    await redis.send('SET', [`${stream}:owner`, 'another process', 'PX', 60_000]);
    const settling = owner.port.gateReplies(({ name }) => name === 'settle-writes');
    owner.database.gate.open();
    await settling.arrival();
    settling.open();
    expect(owner.database.valuesOf('busy')).toEqual(['of the owner']);
    expect(await owner.queue.pending('busy')).toMatchObject({ value: 'of the owner' });
    await redis.send('DEL', [`${stream}:owner`]);
    await eventually(() => owner.queue.stats().persisted === 1);
    expect(owner.database.taken.map(({ key, idempotencyKey }) => [key, idempotencyKey])).toEqual([
      ['busy', 'k'],
      ['busy', 'k'],
    ]);
  });

  it('tell a batch to stop when its owner lost the queue', async () => {
    let signal: AbortSignal | undefined;
    const owner = open({
      persist: (_, context) => {
        ({ signal } = context);
        return new Promise((_resolve, reject) =>
          context.signal.addEventListener('abort', () => reject(new Error('x'))),
        );
      },
    });
    await owner.queue.accept('a', 1);
    await eventually(() => signal !== undefined);
    await redis.send('SET', [`${stream}:owner`, 'another process', 'PX', 1_000]);
    await eventually(() => signal?.aborted === true);
    expect(owner.queue.stats().failed).toBe(0);
    expect(await owner.queue.pending('a')).toMatchObject({ value: 1 });
  });

  it('begin nothing after the time for which the queue was theirs', async () => {
    const owner = open();
    await eventually(() => isOwner(owner));
    const renewals = owner.port.gateCalls(({ name }) => name === 'keep-queue');
    const ownedAtMs = performance.now();
    const asking = owner.port.gateCalls(({ name }) => name === 'own-queue');
    const other = open();
    await eventually(() => isOwner(other), 10_000);
    expect(performance.now() - ownedAtMs).toBeLessThan(2_500);
    await owner.queue.accept('a', 1);
    await eventually(() => other.database.rows.has('a'));
    expect(owner.database.batches).toEqual([]);
    renewals.open();
    asking.open();
  });

  it('do not own a queue for which they had asked when they were closed', async () => {
    const port = new ChaosRedisPort(redis.port);
    const asking = port.gateReplies(({ name }) => name === 'own-queue');
    const { queue } = open({}, { port });
    await asking.arrival();
    await queue.close({ deadlineMs: 0 });
    expect(await redis.send('EXISTS', [`${stream}:owner`])).toBe(1);
    asking.open();
    await eventually(async () => (await redis.send('EXISTS', [`${stream}:owner`])) === 0, 1_000);
  });

  it('do not own a queue for longer when they were closed in the middle of a batch', async () => {
    const owner = await busyOwner();
    const renewal = owner.port.gateReplies(({ name }) => name === 'keep-queue');
    await renewal.arrival();
    await owner.queue.close({ deadlineMs: 0 });
    renewal.open();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(await redis.send('EXISTS', [`${stream}:owner`])).toBe(0);
  });

  it('begin nothing, either, before they have heard that this time is over', async () => {
    const clock = new SkewedClock();
    const { queue, database, port } = open({}, { clock });
    const taking = port.gateReplies(({ name }) => name === 'take-writes');
    const asking = port.gateCalls(({ name }) => name === 'own-queue');
    await queue.accept('a', 1);
    await taking.arrival();
    clock.leap(2_000);
    taking.open();
    await asking.arrival();
    expect(database.batches).toEqual([]);
    asking.open();
    await eventually(() => database.rows.has('a'));
  });
});

describe('accepting', () => {
  it('says that it does not know when the reply was lost, and recognises the write that is offered again', async () => {
    const { queue, port, database, events } = await busyOwner();
    port.disturb({ loseReply: 1 });
    expect(await queue.accept('a', 1, { idempotencyKey: 'x' })).toEqual({
      accepted: false,
      reason: 'unknown',
      idempotencyKey: 'x',
    });
    port.disturb({});
    expect(await queue.accept('a', 1, { idempotencyKey: 'x' })).toMatchObject({ accepted: true, repeated: true });
    database.gate.open();
    await eventually(() => queue.stats().pending === 0);
    expect(database.valuesOf('a')).toEqual([1]);
    expect(events.filter(({ type }) => type === 'error')).toMatchObject([{ operation: 'accept' }]);
  });

  it('says that nothing was sent when Redis is away, and rejects what cannot be known', async () => {
    const { queue, port } = open();
    port.disturb({ refuse: 1 });
    expect(await queue.accept('a', 1)).toMatchObject({ accepted: false, reason: 'redis-unavailable' });
    await expect(queue.pending('a')).rejects.toThrow(RedisUnavailableError);
    await expect(queue.deadLetters()).rejects.toThrow(RedisUnavailableError);
    port.disturb({});
    expect(await queue.pending('a')).toBeUndefined();
  });

  it('says so when Redis refuses, which then did nothing', async () => {
    const { queue } = open();
    await redis.send('CONFIG', ['SET', 'maxmemory', 1]);
    const outcome = await queue.accept('a', 1);
    await redis.send('CONFIG', ['SET', 'maxmemory', 0]);
    expect(outcome).toMatchObject({ accepted: false, reason: 'redis-refused' });
    expect(await keysLeft()).not.toContain('');
  });

  it('keeps at most two entries of a key, however often it is written', async () => {
    const { queue, database } = await busyOwner();
    for (let value = 0; value < 50; value++) await queue.accept('hot', value);
    expect(await redis.send('XLEN', [stream])).toBe(3);
    expect(await redis.send('HLEN', [`${stream}:accepted`])).toBe(3);
    database.gate.open();
    await eventually(() => queue.stats().pending === 0);
    expect(database.valuesOf('hot')).toEqual([49]);
  });

  it('goes on to the next millisecond when the numbers of one would not fit the version', async () => {
    const { queue } = await busyOwner();
    const [seconds] = (await redis.send('TIME', [])) as Buffer[];
    const futureMs = (Number(String(seconds)) + 3_600) * 1_000;
    await redis.send('XADD', [stream, `${futureMs}-1048575`, 'foreign', '']);
    expect(idOf(await queue.accept('a', 1))).toBe(`${futureMs + 1}-0`);
    expect(idOf(await queue.accept('a', 2))).toBe(`${futureMs + 1}-1`);
  });
});

describe('what was damaged', () => {
  it('becomes dead letters, and what is whole is persisted', async () => {
    const { queue, database, events } = await busyOwner();
    const envelope = envelopeOf('other key', 1);
    const damaged: (string | Buffer)[][] = [
      ['foreign', 'entry'],
      fields({ k: 'no value' }),
      fields({ k: 'garbage', v: 'garbage', i: 'i' }),
      fields({ k: Buffer.from([0xff]), v: envelope }),
      fields({ k: 'wrong key', v: envelope }),
      Array.from({ length: 10_000 }, (_, index) => `many ${index}`),
    ];
    for (const entry of damaged) await redis.send('XADD', [stream, '*', ...entry]);
    await queue.accept('whole', 1);
    expect(await queue.pending('garbage')).toBeUndefined();
    database.gate.open();
    await eventually(() => queue.stats().dead === damaged.length);
    expect([...database.rows.keys()]).toEqual(['busy', 'whole']);
    expect(await redis.send('XLEN', [stream])).toBe(0);
    const letters = await queue.deadLetters();
    expect(letters.map(({ key, value }) => [key, value])).toEqual([
      ['', undefined],
      ['no value', undefined],
      ['garbage', undefined],
      ['\ufffd', undefined],
      ['wrong key', undefined],
      ['', undefined],
    ]);
    for (const { error } of letters) expect(error).toMatch(/^DamagedWriteError: Entry \d+-\d+ of the write-behind/);
    expect(events.find(({ type }) => type === 'dead')).toMatchObject({ error: { code: 'DAMAGED_WRITE' } });
    expect(await queue.redrive('all')).toEqual({ redriven: 3, superseded: 0, refused: 3 });
    await eventually(() => queue.stats().dead === damaged.length + 3);
  });

  it('shows nothing of a value that cannot be read here, and persists it where it can', async () => {
    class Point {
      constructor(readonly x = 1) {}
    }
    const owner = await busyOwner();
    const types = new TypeRegistry();
    types.register(Point, { name: 'Point' });
    const knowing = open({}, { codec: new EntryCodec({ codec: new JsonCodec(types), types }) });
    await knowing.queue.accept('a', new Point(2));
    expect(await owner.queue.pending('a')).toBeUndefined();
    expect(await knowing.queue.pending('a')).toMatchObject({ value: new Point(2) });
    owner.database.gate.open();
    await eventually(async () => (await knowing.queue.deadLetters()).length === 1);
    await owner.queue.close();
    expect(await knowing.queue.redrive('all')).toMatchObject({ redriven: 1 });
    await eventually(() => knowing.database.rows.has('a'));
    expect(knowing.database.rows.get('a')).toEqual(new Point(2));
  });

  it.each(['deleted', 'changed'])(
    'is put right when the index was %s: the newest values are persisted',
    async (how) => {
      const { queue, database } = await busyOwner({ batchSize: 2 });
      for (const key of ['a', 'b', 'c', 'a', 'b', 'a']) await queue.accept(key, `first ${key}`);
      if (how === 'deleted') await redis.send('DEL', [`${stream}:index`]);
      else await redis.send('HSET', [`${stream}:index`, 'a', 'x', 'b', '', 'c', '1-1 1-1 0', 'busy', '9']);
      await queue.accept('a', 'last');
      database.gate.open();
      await eventually(async () => (await redis.send('XLEN', [stream])) === 0);
      await eventually(async () => (await redis.send('HLEN', [`${stream}:index`])) === 0);
      expect(Object.fromEntries(database.rows)).toEqual({
        busy: 'of the owner',
        a: 'last',
        b: 'first b',
        c: 'first c',
      });
    },
  );

  it('counts the attempts of a write that is not in the index', async () => {
    const { queue, database } = await busyOwner({ maxAttempts: 2 });
    await queue.accept('a', 1);
    await redis.send('DEL', [`${stream}:index`]);
    database.reject = () => new Error('no');
    database.gate.open();
    await eventually(async () => (await queue.deadLetters()).length === 2);
    expect((await queue.deadLetters()).map(({ key, attempts }) => [key, attempts])).toEqual(
      expect.arrayContaining([
        ['a', 2],
        ['busy', 2],
      ]),
    );
  });

  it('leaves no full queue behind when the stream was emptied by hand', async () => {
    const { queue, database } = await busyOwner({ maxPending: 2 });
    await queue.accept('a', 1);
    await redis.send('DEL', [stream]);
    expect(await queue.pending('a')).toBeUndefined();
    expect(await queue.accept('b', 1)).toMatchObject({ reason: 'full' });
    database.gate.open();
    await eventually(async () => (await queue.accept('b', 1)).accepted);
    await eventually(() => database.rows.has('b'));
  });

  it('does not hide what a failover put behind the place that was read up to', async () => {
    const { queue, database } = open();
    await queue.accept('a', 1);
    await eventually(() => database.rows.has('a'));
    const bytes = envelopeOf('b', 'from the old master');
    await redis.send('DEL', [stream]);
    await redis.send('XADD', [stream, '5-1', ...fields({ k: 'b', i: 'i', v: bytes })]);
    await redis.send('HSET', [`${stream}:index`, 'b', '5-1 5-1 0']);
    await eventually(() => database.rows.has('b'));
    expect(database.taken.at(-1)).toMatchObject({ id: '5-1', version: (5n << 20n) + 1n, value: 'from the old master' });
  });
});

describe('faults of Redis', () => {
  it('record what became of a batch again when the reply was lost, and no dead letter twice', async () => {
    const { queue, database, port, events } = open({ maxAttempts: 1 });
    database.reject = ({ key }) => (key === 'bad' ? new Error('no') : undefined);
    let lost = 0;
    port.onReply = ({ name }) => {
      if (name === 'settle-writes' && lost++ < 2) throw new RedisUnavailableError('deadline');
    };
    await Promise.all([queue.accept('bad', 1), queue.accept('good', 1)]);
    await eventually(() => queue.stats().dead + queue.stats().persisted === 2);
    expect(lost).toBeGreaterThan(2);
    expect(await queue.deadLetters()).toHaveLength(1);
    expect(database.valuesOf('good')).toEqual([1]);
    expect(events.filter(({ type }) => type === 'error')).toEqual([]);
  });

  it('do not keep writes from being persisted when their dead letters cannot be written', async () => {
    const { queue, database, events } = open({ maxAttempts: 1 });
    database.reject = ({ key }) => (key === 'bad' ? new Error('no') : undefined);
    await redis.send('SET', [`${stream}:dead`, 'no stream']);
    await queue.accept('bad', 1);
    await eventually(() => events.some(({ type }) => type === 'error'));
    await queue.accept('good', 1);
    await eventually(() => database.rows.has('good'));
    await redis.send('DEL', [`${stream}:dead`]);
    await eventually(() => queue.stats().dead === 1);
    const told = events.filter((event) => event.type === 'error');
    expect(told[0]?.error).toBeInstanceOf(RedisReplyError);
    expect(await queue.deadLetters()).toHaveLength(1);
  });

  it('take back what was taken when the rest of the turn failed', async () => {
    const { queue, database, port, events } = open();
    let failures = 0;
    port.onReply = ({ name }) => {
      if (name === 'take-writes' && failures++ < 3) throw new RedisUnavailableError('deadline');
    };
    await queue.accept('a', 1);
    await eventually(() => database.rows.has('a'));
    expect(events.filter(({ type }) => type === 'error')).toHaveLength(1);
  });

  it('begin the queue anew when nobody knows what became of a batch', async () => {
    const { queue, database, port } = open();
    let isFirst = true;
    const froms: unknown[] = [];
    port.onCall = ({ name, args }) => {
      if (name === 'take-writes' && !isFirst) froms.push(args[0]);
    };
    port.onReply = ({ name }) => {
      if (name !== 'settle-writes' || !isFirst) return;
      isFirst = false;
      throw new RedisReplyError('EVALSHA', 'ERR something odd');
    };
    await queue.accept('a', 1);
    await eventually(() => froms.length > 0);
    expect(froms[0]).toBe('-');
    expect(database.valuesOf('a')).toContain(1);
  });

  it('are told when the queue cannot be given back on close, which ends all the same', async () => {
    const owner = open();
    await eventually(() => isOwner(owner));
    owner.port.disturb({ refuse: 1 });
    expect(await owner.queue.close()).toEqual({ pending: 0 });
    expect(owner.events.filter(({ type }) => type === 'error')).not.toEqual([]);
  });

  it.each(['killed and started again', 'hung for longer than the queue was owned'])(
    'lose nothing that was accepted when it was %s',
    async (how) => {
      const port = createRedis({ url: redis.server.url, deadline: '50ms' });
      await port.connect();
      const { queue, database } = open({}, { port });
      const accepted = new Map<string, unknown>();
      const acceptSome = async (from: number): Promise<void> => {
        for (let index = from; index < from + 50; index++) {
          const outcome = await queue.accept(`key-${index}`, index);
          if (outcome.accepted) accepted.set(`key-${index}`, index);
        }
      };
      database.gate.close();
      await acceptSome(0);
      await database.gate.arrival();
      if (how.startsWith('killed')) {
        await redis.server.kill();
        await acceptSome(50);
        await redis.server.restart();
      } else {
        redis.server.pause();
        await acceptSome(50);
        await new Promise((resolve) => setTimeout(resolve, 2_100));
        redis.server.resume();
      }
      database.gate.open();
      await eventually(async () => (await queue.accept('last', 1)).accepted);
      await eventually(() => [...accepted].every(([key, value]) => database.rows.get(key) === value));
      await eventually(() => database.rows.has('last') && queue.stats().pending === 0);
      expect(accepted.size).toBeGreaterThan(1);
      await queue.close();
      await port.close();
    },
  );
});

/** A value as the cache writes it. */
function envelopeOf(key: string, value: unknown): Buffer {
  const versions = { writeId: NO_VERSION, clearVersion: NO_VERSION, sourceVersion: NO_VERSION };
  const times = { createdAtMs: 0, freshUntilMs: 0, goneAtMs: 0, loadMs: 0 };
  return new EntryCodec().encode(key, { value, tags: [], etag: undefined, ...versions, ...times });
}
