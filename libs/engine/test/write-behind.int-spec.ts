import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createWriteBehind, EntryCodec, InvalidKeyError, InvalidOptionError, KeySpace } from '@nest-strata/engine';
import type { WriteBehind, WriteBehindEvent, WriteBehindOptions } from '@nest-strata/engine';
import { eventually, Gate } from '@nest-strata/testing';
import { SharedRedis } from './shared-redis.js';
import { RecordingDatabase } from './write-behind-database.js';

let redis: SharedRedis;
let queues = 0;

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterAll(() => redis.stop());

describe.each([
  ['memory', () => undefined],
  ['Redis', () => redis.port],
])('write-behind in %s', (_, port) => {
  let database: RecordingDatabase<unknown>;
  let events: WriteBehindEvent[];
  let opened: WriteBehind<unknown>[];

  beforeEach(() => {
    database = new RecordingDatabase();
    events = [];
    opened = [];
    queues++;
  });

  afterEach(async () => {
    await Promise.all(opened.map((queue) => queue.close({ deadlineMs: 0 })));
  });

  function open(options: Partial<WriteBehindOptions<unknown>> = {}, codec = new EntryCodec()): WriteBehind<unknown> {
    const all = { persist: database.persist, interval: '5ms', retryDelay: '5ms', ...options } as const;
    const queue = createWriteBehind(`queue-${queues}`, all, {
      keySpace: new KeySpace('test'),
      codec,
      redis: port(),
      onEvent: (event) => events.push(event),
    });
    opened.push(queue);
    return queue;
  }

  function told<Type extends WriteBehindEvent['type']>(type: Type): (WriteBehindEvent & { readonly type: Type })[] {
    return events.filter((event): event is WriteBehindEvent & { readonly type: Type } => event.type === type);
  }

  /** Holds the first batch, that of the key `busy`, so that what follows waits. */
  async function whileBusy(queue: WriteBehind<unknown>, act: () => Promise<unknown>): Promise<void> {
    database.gate.close();
    await queue.accept('busy', 0);
    await database.gate.arrival();
    try {
      await act();
    } finally {
      database.gate.open();
    }
  }

  it('persists what it accepted, with its identity', async () => {
    const queue = open();
    const outcome = await queue.accept('hero:1', { name: 'Ada' }, { idempotencyKey: 'once' });
    expect(outcome).toMatchObject({ accepted: true, idempotencyKey: 'once', repeated: false });
    await eventually(() => database.taken.length === 1);
    const { id, version } = outcome as { id: string; version: bigint };
    expect(database.taken).toEqual([
      { key: 'hero:1', value: { name: 'Ada' }, id, version, idempotencyKey: 'once', attempt: 1 },
    ]);
    await eventually(() => queue.stats().persisted === 1);
    expect(queue.stats()).toEqual({
      pending: 0,
      accepted: 1,
      refused: 0,
      coalesced: 0,
      persisted: 1,
      failed: 0,
      dead: 0,
    });
    expect(await queue.pending('hero:1')).toBeUndefined();
    expect(told('accepted')).toEqual([
      { type: 'accepted', cache: 'test', queue: `queue-${queues}`, key: 'hero:1', id },
    ]);
    expect(told('persisted')).toMatchObject([{ batchSize: 1 }]);
  });

  it('brings values and keys back as what they were', async () => {
    const values = {
      date: new Date(0),
      map: new Map([['a', new Set([1n])]]),
      nothing: undefined,
      bytes: Buffer.from([0, 255]),
      lone: '\ud800',
    };
    const queue = open();
    const keys = ['{a}:b\n', 'lone \ud800', '大小', 'x'.repeat(3_000), '%7B'];
    await Promise.all(keys.map((key) => queue.accept(key, values, { idempotencyKey: 'ä\ud800\n' })));
    await eventually(() => database.taken.length === keys.length);
    for (const { key, value, idempotencyKey } of database.taken) {
      expect(keys).toContain(key);
      expect(value).toEqual(values);
      expect(idempotencyKey).toBe('ä\ud800\n');
    }
  });

  it('shows what is not persisted yet, the newest of each key, and nothing else', async () => {
    const queue = open();
    await whileBusy(queue, async () => {
      await queue.accept('a', 1);
      await queue.accept('b', undefined);
      const newest = await queue.accept('a', 2);
      expect(await queue.pending('a')).toEqual({ value: 2, ...pick(newest) });
      const [b, missing, a, busy] = await queue.pendingMany(['b', 'missing', 'a', 'busy']);
      expect([b?.value, missing, a?.value, busy?.value]).toEqual([undefined, undefined, 2, 0]);
      expect(b).toHaveProperty('id');
    });
    await eventually(() => queue.stats().pending === 0);
    expect(await queue.pendingMany(['a', 'b', 'busy'])).toEqual([undefined, undefined, undefined]);
    expect(await queue.pendingMany([])).toEqual([]);
  });

  it('shows a value until the database has it', async () => {
    const queue = open();
    await whileBusy(queue, async () => {
      expect(await queue.pending('busy')).toMatchObject({ value: 0 });
      expect(database.rows.has('busy')).toBe(false);
    });
    await eventually(async () => (await queue.pending('busy')) === undefined);
    expect(database.rows.get('busy')).toBe(0);
  });

  it('persists of each key only the newest value, in the order in which the keys came', async () => {
    const queue = open();
    const keys = ['a', 'b', 'c'];
    await whileBusy(queue, async () => {
      for (let value = 0; value < 10; value++) for (const key of keys) await queue.accept(key, value);
    });
    await eventually(() => queue.stats().pending === 0);
    expect(database.batches[1]?.map(({ key, value }) => [key, value])).toEqual(keys.map((key) => [key, 9]));
    expect(database.batches).toHaveLength(2);
    expect(queue.stats()).toMatchObject({ accepted: 31, coalesced: 27, persisted: 4 });
  });

  it('keeps the place of a key that is written again and again', async () => {
    const queue = open({ batchSize: 1 });
    await whileBusy(queue, async () => {
      for (const key of ['hot', 'b', 'c', 'hot', 'hot']) await queue.accept(key, key);
    });
    await eventually(() => queue.stats().pending === 0);
    expect(database.taken.map(({ key }) => key)).toEqual(['busy', 'hot', 'b', 'c']);
  });

  it('persists a value that came while an older one was under way, after it', async () => {
    const queue = open();
    await whileBusy(queue, () => queue.accept('busy', 'newer'));
    await eventually(() => queue.stats().pending === 0);
    expect(database.valuesOf('busy')).toEqual([0, 'newer']);
    expect(await queue.pending('busy')).toBeUndefined();
  });

  it('never puts more into a batch than was asked for', async () => {
    const queue = open({ batchSize: 7 });
    await Promise.all(Array.from({ length: 50 }, (_, index) => queue.accept(`key-${index}`, index)));
    await eventually(() => database.taken.length === 50);
    expect(Math.max(...database.batches.map((batch) => batch.length))).toBe(7);
  });

  it('issues versions that grow from write to write', async () => {
    const queue = open();
    const versions: bigint[] = [];
    for (let index = 0; index < 100; index++) versions.push(pick(await queue.accept('a', index)).version);
    for (const [index, version] of versions.entries()) {
      expect(version > (versions[index - 1] ?? 0n)).toBe(true);
      expect(version < 2n ** 63n).toBe(true);
    }
  });

  it('recognises a write that is offered again while it waits, whatever came after it', async () => {
    const queue = open();
    await whileBusy(queue, async () => {
      const first = await queue.accept('a', 1, { idempotencyKey: 'x' });
      expect(await queue.accept('a', 1, { idempotencyKey: 'x' })).toEqual({ ...first, repeated: true });
      const second = await queue.accept('a', 2, { idempotencyKey: 'y' });
      expect(await queue.accept('a', 1, { idempotencyKey: 'x' })).toEqual({ ...first, repeated: true });
      expect(await queue.accept('a', 2, { idempotencyKey: 'y' })).toEqual({ ...second, repeated: true });
      expect(await queue.accept('b', 3, { idempotencyKey: 'x' })).toMatchObject({ repeated: false });
    });
    await eventually(() => queue.stats().pending === 0);
    expect(database.valuesOf('a')).toEqual([2]);
    expect(queue.stats()).toMatchObject({ accepted: 4, coalesced: 1 });
    expect(await queue.accept('a', 1, { idempotencyKey: 'x' })).toMatchObject({ repeated: false });
  });

  it('refuses a key too many, but never a newer value of a key that waits', async () => {
    const queue = open({ maxPending: 3 });
    await whileBusy(queue, async () => {
      await queue.accept('a', 1);
      await queue.accept('b', 1);
      expect(await queue.accept('c', 1)).toMatchObject({ accepted: false, reason: 'full' });
      for (let value = 2; value < 10; value++) expect(await queue.accept('a', value)).toMatchObject({ accepted: true });
      expect(await queue.accept('c', 1)).toMatchObject({ accepted: false, reason: 'full' });
    });
    await eventually(() => queue.stats().pending === 0);
    expect(await queue.accept('c', 1)).toMatchObject({ accepted: true });
    expect(queue.stats()).toMatchObject({ refused: 2 });
    expect(database.rows.get('a')).toBe(9);
  });

  it('takes no value that is too large, and rejects what cannot be a key, a value or an idempotency key', async () => {
    const queue = open({}, new EntryCodec({ maxValueBytes: 10 }));
    expect(await queue.accept('a', 'x'.repeat(20))).toMatchObject({ accepted: false, reason: 'value-too-large' });
    await expect(queue.accept('', 1)).rejects.toThrow(InvalidKeyError);
    await expect(queue.pending(1 as unknown as string)).rejects.toThrow(InvalidKeyError);
    await expect(queue.accept('a', () => 1)).rejects.toMatchObject({ code: 'UNSUPPORTED_VALUE' });
    await expect(queue.accept('a', 1, { idempotencyKey: '' })).rejects.toThrow(InvalidOptionError);
    expect(queue.stats()).toMatchObject({ pending: 0, accepted: 0, refused: 1 });
  });

  it('tries a write again that fails, by itself, and lets the others through', async () => {
    let failures = 0;
    database.reject = ({ key }) => (key === 'bad' && failures++ < 3 ? new Error('not now') : undefined);
    const queue = open();
    await whileBusy(queue, async () => {
      await queue.accept('bad', 'late', { idempotencyKey: 'k' });
      for (let index = 0; index < 20; index++) await queue.accept(`good-${index}`, index);
    });
    await eventually(() => queue.stats().pending === 0);
    expect(database.rows.get('bad')).toBe('late');
    expect(database.batches[1]).toHaveLength(21);
    const attempts = database.batches.flat().filter(({ key }) => key === 'bad');
    expect(attempts.map(({ attempt, idempotencyKey }) => [attempt, idempotencyKey])).toEqual([
      [1, 'k'],
      [2, 'k'],
      [3, 'k'],
      [4, 'k'],
    ]);
    expect(told('failed').map(({ key, attempt }) => [key, attempt])).toEqual([
      ['bad', 1],
      ['bad', 2],
      ['bad', 3],
    ]);
    expect(queue.stats()).toMatchObject({ failed: 3, dead: 0, persisted: 22 });
  });

  it('isolates the write that makes a transaction fail', async () => {
    database.isTransactional = true;
    database.reject = ({ key }) => (key === 'poison' ? new Error('violates a constraint') : undefined);
    const queue = open({ maxAttempts: 1 });
    await whileBusy(queue, async () => {
      for (let index = 0; index < 20; index++) await queue.accept(index === 7 ? 'poison' : `good-${index}`, index);
    });
    await eventually(() => queue.stats().pending === 0);
    expect(database.rows.size).toBe(20);
    expect(told('dead').map(({ key }) => key)).toEqual(['poison']);
  });

  it('gives a newer value of a key that fails its own attempts at once', async () => {
    database.reject = ({ value }) => (value === 'bad' ? new Error('no') : undefined);
    const queue = open({ retryDelay: '300ms' });
    await queue.accept('a', 'bad');
    await eventually(() => told('failed').length === 1);
    await queue.accept('a', 'good');
    await eventually(() => queue.stats().pending === 0);
    expect(database.rows.get('a')).toBe('good');
    expect(database.taken[0]?.attempt).toBe(1);
  });

  it('keeps what it gave up as a dead letter, shows it, and tries it again when told to', async () => {
    database.reject = ({ key }) => (key.startsWith('bad') ? new RangeError('out of range \ud800') : undefined);
    const queue = open({ maxAttempts: 2 });
    const outcome = pick(await queue.accept('bad:1', new Date(1), { idempotencyKey: 'k' }));
    await queue.accept('bad:2', 2);
    await eventually(() => queue.stats().dead === 2);
    expect(await queue.pending('bad:1')).toBeUndefined();
    expect(queue.stats()).toMatchObject({ pending: 0, dead: 2, failed: 2 });
    const letters = await queue.deadLetters();
    expect(letters).toHaveLength(2);
    expect(letters.find(({ key }) => key === 'bad:1')).toMatchObject({
      id: outcome.id,
      value: new Date(1),
      idempotencyKey: 'k',
      attempts: 2,
      error: 'RangeError: out of range \ufffd',
    });
    expect(await queue.deadLetters(1)).toHaveLength(1);
    database.reject = () => undefined;
    expect(await queue.redrive('all')).toEqual({ redriven: 2, superseded: 0, refused: 0 });
    await eventually(() => queue.stats().pending === 0);
    expect(database.taken.find(({ key }) => key === 'bad:1')).toEqual({
      key: 'bad:1',
      value: new Date(1),
      id: outcome.id,
      version: outcome.version,
      idempotencyKey: 'k',
      attempt: 1,
    });
    expect(await queue.deadLetters()).toEqual([]);
  });

  it('never puts a dead letter before a newer value that waits, and of two letters the newer one wins', async () => {
    database.reject = ({ value }) => (value === 'bad' ? new Error('no') : undefined);
    const queue = open({ maxAttempts: 1 });
    for (const key of ['a', 'a', 'b']) {
      const deadBefore = queue.stats().dead;
      await queue.accept(key, 'bad');
      await eventually(() => queue.stats().dead > deadBefore);
    }
    const letters = await queue.deadLetters();
    expect(letters.map(({ key }) => key)).toEqual(['a', 'a', 'b']);
    const newerOfA = letters[1]?.id;
    database.reject = () => undefined;
    await whileBusy(queue, async () => {
      await queue.accept('b', 'newer');
      const ids = letters.map(({ letterId }) => letterId);
      expect(await queue.redrive([ids[1] ?? '', ids[0] ?? '', ids[2] ?? '', '1-1', 'none'])).toEqual({
        redriven: 1,
        superseded: 2,
        refused: 2,
      });
      expect(await queue.pending('a')).toMatchObject({ id: newerOfA });
    });
    await eventually(() => queue.stats().pending === 0);
    expect(database.valuesOf('b')).toEqual(['newer']);
    expect(database.taken.filter(({ key }) => key === 'a').map(({ id }) => id)).toEqual([newerOfA]);
    expect(await queue.deadLetters()).toEqual([]);
  });

  it('redrives no more than may wait, takes newer values over redriven ones, and discards what is not wanted', async () => {
    database.reject = () => new Error('no');
    const queue = open({ maxAttempts: 1, maxPending: 2 });
    for (const key of ['a', 'b', 'c']) {
      await queue.accept(key, 'old');
      await eventually(() => told('dead').some((event) => event.key === key));
    }
    database.reject = () => undefined;
    await whileBusy(queue, async () => {
      expect(await queue.redrive('all')).toEqual({ redriven: 1, superseded: 0, refused: 2 });
      expect(await queue.pending('a')).toMatchObject({ value: 'old' });
      await queue.accept('a', 'new');
    });
    await eventually(() => queue.stats().pending === 0);
    expect(database.valuesOf('a')).toEqual(['new']);
    const ids = (await queue.deadLetters()).map(({ letterId }) => letterId);
    expect(await queue.discard([...ids, 'none'])).toBe(2);
    expect(await queue.discard(['none'])).toBe(0);
    expect(await queue.deadLetters()).toEqual([]);
  });

  it('redrives all of many dead letters, and only those that there were', async () => {
    database.reject = () => new Error('no');
    const queue = open({ maxAttempts: 1, retryDelay: '1ms', maxRetryDelay: '1ms', interval: '1ms' });
    await Promise.all(Array.from({ length: 250 }, (_, index) => queue.accept(`key-${index}`, index)));
    await eventually(() => queue.stats().dead === 250);
    expect(await queue.deadLetters()).toHaveLength(100);
    expect(await queue.redrive('all')).toEqual({ redriven: 250, superseded: 0, refused: 0 });
    await eventually(() => queue.stats().dead === 500);
    expect(await queue.deadLetters(1_000)).toHaveLength(250);
  });

  it('takes no newer value to the dead letters, nor keeps an older one that failed', async () => {
    database.reject = ({ value }) => (value === 0 ? new Error('no') : undefined);
    const queue = open({ maxAttempts: 1 });
    await whileBusy(queue, () => queue.accept('busy', 'newer'));
    await eventually(() => queue.stats().pending === 0);
    expect(database.valuesOf('busy')).toEqual(['newer']);
    expect(await queue.deadLetters()).toEqual([]);
  });

  it('drains on close, accepts nothing more, and ends', async () => {
    const queue = open({ interval: '1m', batchSize: 3 });
    await Promise.all(Array.from({ length: 10 }, (_, index) => queue.accept(`key-${index}`, index)));
    const closing = queue.close();
    expect(await queue.accept('late', 1)).toMatchObject({ accepted: false, reason: 'closed' });
    expect(await closing).toEqual({ pending: 0 });
    expect(database.rows.size).toBe(10);
    expect(await queue.close()).toEqual({ pending: 0 });
  });

  it('ends at the deadline even if the database hangs, and tells the batch to stop', async () => {
    let signal: AbortSignal | undefined;
    const queue = open({
      persist: (_, context) => {
        ({ signal } = context);
        return new Promise(() => undefined);
      },
    });
    await queue.accept('a', 1);
    await eventually(() => signal !== undefined);
    const startedAtMs = performance.now();
    expect(await queue.close({ deadlineMs: 50 })).toEqual({ pending: 1 });
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
    expect(signal?.aborted).toBe(true);
    expect(await queue.pending('a')).toMatchObject({ value: 1 });
  });

  it('counts no attempt that was stopped on close', async () => {
    const stopped = new Gate();
    const queue = open({
      persist: (_, { signal }) =>
        new Promise((__, reject) => {
          void stopped.pass();
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        }),
    });
    await queue.accept('a', 1);
    await stopped.arrival();
    expect(await queue.close({ deadlineMs: 10 })).toEqual({ pending: 1 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(queue.stats().failed).toBe(0);
  });

  it('gives up a call that takes too long, and repeats it', async () => {
    database.gate.close();
    const queue = open({ persistTimeout: '30ms' });
    await queue.accept('a', 1);
    await eventually(() => told('failed').length === 1);
    expect(told('failed')).toMatchObject([{ key: 'a', attempt: 1, error: { code: 'PERSIST_TIMEOUT' } }]);
    database.gate.open();
    await eventually(() => queue.stats().persisted === 1);
  });

  it('says what is wrong with a list that names no writes of the batch', async () => {
    const queue = open({ persist: (batch) => batch.map(() => ({ id: 'other', error: 1 })), maxAttempts: 1 });
    await queue.accept('a', 1);
    await eventually(() => told('dead').length === 1);
    expect(told('dead')).toMatchObject([{ error: { code: 'INVALID_PERSIST_RESULT' } }]);
  });

  it('takes anything but a list of failures for success', async () => {
    const queue = open({ persist: () => ({ rowCount: 1 }) as unknown as undefined });
    await queue.accept('a', 1);
    await eventually(() => queue.stats().persisted === 1);
    expect(told('failed')).toEqual([]);
  });

  it('survives a listener that throws', async () => {
    const errors: unknown[] = [];
    const error = new Error('from the listener');
    const queue = createWriteBehind<number>(
      `queue-${queues}`,
      { persist: () => undefined },
      {
        keySpace: new KeySpace('test'),
        codec: new EntryCodec(),
        redis: port(),
        onEvent: () => {
          throw error;
        },
        onListenerError: (thrown) => errors.push(thrown),
      },
    );
    expect(await queue.accept('a', 1)).toMatchObject({ accepted: true });
    expect(await queue.close()).toEqual({ pending: 0 });
    expect(errors).toContain(error);
  });

  it('makes a warning of the process of what a listener throws', async () => {
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const surroundings = { keySpace: new KeySpace('test'), codec: new EntryCodec(), redis: port() };
    const onEvent = () => {
      throw new Error('from the listener');
    };
    const queue = createWriteBehind<number>(
      `queue-${queues}`,
      { persist: () => undefined },
      { ...surroundings, onEvent },
    );
    await queue.accept('a', 1);
    await queue.close();
    expect(warned.mock.calls).toContainEqual(['Error: from the listener', 'CacheListenerWarning']);
    warned.mockRestore();
  });

  it.each(['', 1])('takes no %p for the name of a queue', (name) => {
    const surroundings = { keySpace: new KeySpace('test'), codec: new EntryCodec(), redis: port() };
    expect(() => createWriteBehind(name as string, { persist: () => undefined }, surroundings)).toThrow(
      InvalidKeyError,
    );
  });
});

/** Of an outcome that must be an acceptance. */
function pick(outcome: Awaited<ReturnType<WriteBehind<unknown>['accept']>>): { id: string; version: bigint } {
  if (!outcome.accepted) throw new Error(`Refused: ${outcome.reason}`);
  return { id: outcome.id, version: outcome.version };
}
