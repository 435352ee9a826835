import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Random } from '@nest-strata/core';
import { FakeClock } from '@nest-strata/testing';
import { EntryCodec } from '../envelope/entry-codec.js';
import { KeySpace } from '../keys/key-space.js';
import { createWriteBehind } from './create-write-behind.js';
import type { FailedWrite, WriteToPersist } from './persist.js';
import type { WriteBehind } from './write-behind.js';
import type { WriteBehindEvent } from './write-behind-event.js';
import type { WriteBehindOptions } from './write-behind-options.js';

/** Delays at their full length. */
class NoJitter extends Random {
  #count = 0;

  override fraction(): number {
    return 0;
  }

  override bytes(byteLength: number): Buffer {
    return Buffer.alloc(byteLength, String(this.#count++));
  }
}

describe('the draining of a queue in memory', () => {
  let clock: FakeClock;
  let startMs: number;
  let queue: WriteBehind<unknown>;
  let events: WriteBehindEvent[];
  /** The keys of each call of `persist`, and how long after the start it came. */
  let calls: [atMs: number, ...keys: string[]][];
  let outcome: (batch: readonly WriteToPersist<unknown>[]) => readonly FailedWrite[] | Promise<never> | undefined;

  beforeEach(() => {
    clock = new FakeClock();
    startMs = clock.monotonicMs();
    calls = [];
    events = [];
    outcome = () => undefined;
  });

  afterEach(async () => {
    outcome = () => undefined;
    const closed = queue.close({ deadlineMs: 1 });
    await clock.advanceAsync(10);
    await closed;
  });

  async function open(options: Partial<WriteBehindOptions<unknown>> = {}): Promise<void> {
    const persist = (batch: readonly WriteToPersist<unknown>[]) => {
      calls.push([clock.monotonicMs() - startMs, ...batch.map(({ key }) => key)]);
      return outcome(batch);
    };
    queue = createWriteBehind(
      'drained',
      { persist, ...options },
      {
        keySpace: new KeySpace('test'),
        codec: new EntryCodec(),
        clock,
        random: new NoJitter(),
        onEvent: (event) => events.push(event),
      },
    );
    await clock.advanceAsync(0);
  }

  async function accept(...keys: string[]): Promise<void> {
    await Promise.all(keys.map((key) => queue.accept(key, key)));
    await clock.advanceAsync(0);
  }

  const failing = (...keys: string[]) => {
    outcome = (batch) =>
      batch.filter(({ key }) => keys.includes(key)).map(({ id }) => ({ id, error: new Error('refused') }));
  };
  const away = () => {
    outcome = () => Promise.reject(new Error('away'));
  };

  it('begins at once after a rest, and then leaves an interval between batches', async () => {
    await open({ interval: '100ms' });
    await clock.advanceAsync(30);
    await accept('a');
    await clock.advanceAsync(20);
    await accept('b');
    await clock.advanceAsync(30);
    await accept('c');
    expect(calls).toEqual([[30, 'a']]);
    await clock.advanceAsync(200);
    expect(calls).toEqual([
      [30, 'a'],
      [130, 'b', 'c'],
    ]);
    await accept('d');
    expect(calls.at(-1)).toEqual([280, 'd']);
  });

  it('does not let a full batch wait', async () => {
    await open({ interval: '1m', batchSize: 3 });
    await accept('a');
    await accept('b', 'c');
    expect(calls).toHaveLength(1);
    await accept('d', 'e');
    expect(calls).toEqual([
      [0, 'a'],
      [0, 'b', 'c', 'd'],
    ]);
  });

  it('tries again after the first delay, twice as long each time, up to the longest', async () => {
    await open({ retryDelay: '100ms', maxRetryDelay: '500ms', interval: '1ms' });
    failing('a');
    await accept('a');
    await clock.advanceAsync(1_700);
    expect(calls.map(([atMs]) => atMs)).toEqual([0, 100, 300, 700, 1_200, 1_700]);
    expect(events.flatMap((event) => (event.type === 'failed' ? [[event.attempt, event.retryInMs]] : []))).toEqual([
      [1, 100],
      [2, 200],
      [3, 400],
      [4, 500],
      [5, 500],
      [6, 500],
    ]);
  });

  it('lets nobody wait for a write that fails again and again', async () => {
    await open({ retryDelay: '10ms', maxRetryDelay: '10ms', interval: '100ms' });
    failing('bad');
    await accept('bad');
    await clock.advanceAsync(505);
    const before = calls.length;
    await accept('good');
    expect(calls.slice(before)).toEqual([[505, 'good']]);
  });

  it('asks a database that is away at most once a second about what is new, with one write', async () => {
    await open({ retryDelay: '1h', maxRetryDelay: '1h', interval: '10ms', batchSize: 5 });
    away();
    await accept('a', 'b', 'c');
    await accept('d', 'e', 'f', 'g', 'h', 'i');
    await clock.advanceAsync(2_500);
    expect(calls).toEqual([
      [0, 'a', 'b', 'c'],
      [1_000, 'd'],
      [2_000, 'e'],
    ]);
    outcome = () => undefined;
    await clock.advanceAsync(600);
    expect(calls.slice(3)).toEqual([
      [3_000, 'f'],
      [3_010, 'g', 'h', 'i'],
    ]);
  });

  it('is back at full batches as soon as a write that failed before is taken', async () => {
    await open({ retryDelay: '100ms', maxRetryDelay: '100ms', interval: '10ms', batchSize: 5 });
    away();
    await accept('a');
    outcome = () => undefined;
    await clock.advanceAsync(300);
    await accept('b', 'c');
    expect(calls).toEqual([
      [0, 'a'],
      [100, 'a'],
      [300, 'b', 'c'],
    ]);
  });

  it('has no limit for a batch where none was set', async () => {
    await open({ persistTimeout: 'forever' });
    outcome = () => new Promise(() => undefined);
    await accept('a');
    await clock.advanceAsync(1_000_000);
    expect([calls.length, queue.stats().failed]).toEqual([1, 0]);
  });

  it('waits for nothing on close, and tries again until the deadline what would be lost', async () => {
    await open({ interval: '1m', retryDelay: '100ms', maxRetryDelay: '100ms' });
    await accept('a');
    failing('b');
    await accept('b', 'c');
    expect(calls).toHaveLength(1);
    const closing = queue.close({ deadlineMs: 250 });
    await clock.advanceAsync(249);
    expect(calls).toEqual([
      [0, 'a'],
      [0, 'b', 'c'],
      [100, 'b'],
      [200, 'b'],
    ]);
    await clock.advanceAsync(1);
    expect(await closing).toEqual({ pending: 1 });
    await clock.advanceAsync(1_000);
    expect(calls).toHaveLength(4);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends on close as soon as nothing waits', async () => {
    await open({ interval: '1m', retryDelay: '100ms' });
    failing('a');
    await accept('a');
    const closing = queue.close({ deadlineMs: 10_000 });
    outcome = () => undefined;
    await clock.advanceAsync(200);
    expect(await closing).toEqual({ pending: 0 });
    expect(clock.pendingTimers).toBe(0);
  });
});
