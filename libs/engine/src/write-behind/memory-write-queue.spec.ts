import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import { MemoryWriteQueue } from './memory-write-queue.js';
import { MAX_SEQUENCE, versionOf } from './write-id.js';

const BYTES = Buffer.alloc(0);

describe('MemoryWriteQueue', () => {
  let clock: FakeClock;
  let queue: MemoryWriteQueue;

  beforeEach(() => {
    clock = new FakeClock();
    queue = new MemoryWriteQueue(10, clock);
  });

  const accept = async (): Promise<string> => (await queue.accept('a', String(Math.random()), BYTES)).id;

  it('issues ids of the present, so that they grow from one run of the program to the next', async () => {
    const [ms] = (await accept()).split('-');
    expect(Math.abs(Number(ms) - Date.now())).toBeLessThan(1_000);
  });

  it('goes on to the next millisecond when the numbers of one are used up', async () => {
    const first = await accept();
    const [ms, sequence] = first.split('-').map(Number) as [number, number];
    expect(sequence).toBe(0);
    for (let count = 1; count < MAX_SEQUENCE; count++) void queue.accept('a', String(count), BYTES);
    expect(await accept()).toBe(`${ms + 1}-0`);
    clock.advance(1);
    const next = await accept();
    expect(next).toBe(`${ms + 1}-1`);
    expect(versionOf(next) > versionOf(first)).toBe(true);
  });

  it('does nothing about a write that is not there any more', async () => {
    await accept();
    const [write] = await queue.take(1);
    if (write === undefined) throw new Error('taken');
    await queue.settle([{ result: 'persisted', write }]);
    expect(await queue.settle([{ result: 'dead', write, failedAttempts: 1, error: 'late' }])).toBe(true);
    expect(await queue.deadLetters(1)).toEqual([]);
    expect(await queue.own()).toBe(0);
  });
});
