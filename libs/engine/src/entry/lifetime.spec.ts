import { describe, expect, it } from '@jest/globals';
import { SystemRandom } from '@nest-strata/core';
import type { Random } from '@nest-strata/core';
import { jitteredTtlMs } from './lifetime.js';

const always = (fraction: number) => ({ fraction: () => fraction }) as Random;

describe('jitteredTtlMs', () => {
  it.each([
    [1_000, 0, 0.9, 1_000],
    [1_000, 0.5, 0, 1_000],
    [1_000, 0.5, 1, 500],
    [1_000, 0.2, 0.5, 900],
    [Infinity, 0.5, 0.5, Infinity],
    [0, 0.5, 0.5, 0],
    [1, 0.99, 0.99, 1],
    [0.5, 0.9, 0.9, 0.5],
  ])('makes %d ms with jitter %d and chance %d live %d ms', (ttlMs, jitter, fraction, expected) => {
    expect(jitteredTtlMs(ttlMs, jitter, always(fraction))).toBe(expected);
  });

  it('spreads 10 000 lives evenly (chi-squared over ten classes, 9 degrees of freedom, p = 0.0001)', () => {
    const random = new SystemRandom();
    const classes = new Array<number>(10).fill(0);
    for (let index = 0; index < 10_000; index++) {
      const lifeMs = jitteredTtlMs(1_000, 0.5, random);
      const at = Math.min(9, Math.floor((lifeMs - 500) / 50));
      classes[at] = (classes[at] ?? 0) + 1;
    }
    const chiSquared = classes.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0);
    expect(chiSquared).toBeLessThan(33.7);
  });
});
