import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@nest-strata/testing';
import { retryDelayMs } from './connection-profile.js';

describe('retryDelayMs', () => {
  it.each([
    [1, 25, 50],
    [2, 50, 100],
    [3, 100, 200],
    [5, 400, 800],
    [6, 500, 1_000],
    [2_000, 500, 1_000],
  ])('waits before attempt %d from %d to %d ms, not always the same', (attempt, minMs, maxMs) => {
    const random = new SeededRandom(1);
    const delays = Array.from({ length: 200 }, () => retryDelayMs(attempt, random));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(minMs);
    expect(Math.max(...delays)).toBeLessThanOrEqual(maxMs);
    expect(new Set(delays).size).toBeGreaterThan(10);
  });
});
