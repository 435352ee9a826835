import { SeededRandom } from '@nest-strata/testing';
import { describe, expect, it } from '@jest/globals';
import { retryDelayMs } from './retry-delay.js';

describe('retryDelayMs', () => {
  const longest = { fraction: () => 0, bytes: () => Buffer.alloc(0) };

  it('doubles from 100 ms up to 2 s', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 2_000].map((failures) => retryDelayMs(failures, longest))).toEqual([
      100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000,
    ]);
  });

  it('takes up to half of it away at random', () => {
    const random = new SeededRandom(7);
    const delaysMs = Array.from({ length: 1_000 }, () => retryDelayMs(5, random));
    expect(Math.min(...delaysMs)).toBeGreaterThan(1_000);
    expect(Math.min(...delaysMs)).toBeLessThan(1_020);
    expect(Math.max(...delaysMs)).toBeLessThanOrEqual(2_000);
    expect(Math.max(...delaysMs)).toBeGreaterThan(1_980);
  });
});
