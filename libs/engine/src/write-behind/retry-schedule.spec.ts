import { beforeEach, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@nest-strata/testing';
import fc from 'fast-check';
import { retryDelayOf, RetrySchedule } from './retry-schedule.js';

const DELAYS = { retryDelayMs: 100, maxRetryDelayMs: 1_000 };

describe('retryDelayOf', () => {
  it('doubles with each failure up to the longest, less up to half of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_000 }), fc.nat(), (failures, seed) => {
        const fullMs = Math.min(100 * 2 ** (failures - 1), 1_000);
        const delayMs = retryDelayOf(failures, DELAYS, new SeededRandom(seed));
        expect(delayMs).toBeLessThanOrEqual(fullMs);
        expect(delayMs).toBeGreaterThan(fullMs / 2);
      }),
    );
  });

  it('differs for what failed together', () => {
    const random = new SeededRandom();
    const delays = new Set(Array.from({ length: 100 }, () => retryDelayOf(1, DELAYS, random)));
    expect(delays.size).toBe(100);
  });
});

describe('RetrySchedule', () => {
  let schedule: RetrySchedule;

  beforeEach(() => {
    schedule = new RetrySchedule();
  });

  it('gives the key that has been due for longest, and none before its time', () => {
    expect([schedule.dueAt(1_000), schedule.nextDueAtMs]).toEqual([undefined, Infinity]);
    schedule.plan('late', 30);
    schedule.plan('early', 10);
    schedule.plan('middle', 20);
    expect(schedule.nextDueAtMs).toBe(10);
    expect([schedule.dueAt(9), schedule.dueAt(10), schedule.dueAt(30)]).toEqual([undefined, 'early', 'early']);
    schedule.remove('early');
    expect([schedule.dueAt(30), schedule.size, schedule.has('early'), schedule.has('late')]).toEqual([
      'middle',
      2,
      false,
      true,
    ]);
  });

  it('plans a key once, for the last time that was given', () => {
    schedule.plan('a', 10);
    schedule.plan('a', 50);
    expect([schedule.size, schedule.dueAt(49), schedule.dueAt(50)]).toEqual([1, undefined, 'a']);
    schedule.clear();
    expect(schedule.size).toBe(0);
  });
});
