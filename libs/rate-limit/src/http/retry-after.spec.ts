import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@nest-strata/testing';
import fc from 'fast-check';
import { retryAfterSeconds } from './retry-after.js';

describe('retryAfterSeconds', () => {
  it.each([
    [0, 1],
    [1, 1],
    [1_000, 1],
    [1_001, 2],
    [59_999.5, 60],
  ])('makes %p ms %p s', (ms, seconds) => {
    expect(retryAfterSeconds(ms)).toBe(seconds);
  });

  it('is not sent where waiting does not help', () => {
    expect(retryAfterSeconds(Infinity)).toBeUndefined();
  });

  it('adds chance up to its share, and never sends a client too early', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.integer(), (ms, seed) => {
        const seconds = retryAfterSeconds(ms, { jitter: 0.5, random: new SeededRandom(seed) }) ?? 0;
        return seconds * 1_000 >= ms && seconds <= Math.max(1, Math.ceil((ms * 1.5) / 1_000));
      }),
    );
  });

  it('spreads', () => {
    const random = new SeededRandom(1);
    const waits = Array.from({ length: 100 }, () => retryAfterSeconds(100_000, { jitter: 0.5, random }));
    expect(new Set(waits).size).toBeGreaterThan(20);
  });
});
