import { describe, expect, it } from '@jest/globals';
import { SystemRandom } from '@nest-strata/core';
import type { Random } from '@nest-strata/core';
import type { ResolvedEntryOptions } from './entry-options.js';
import { extraTimeMs, jitteredTtlMs, lifetimeFrom, ttlMsFor } from './lifetime.js';

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

describe('ttlMsFor', () => {
  it.each([
    [null, 5, 5],
    [undefined, 5, 5],
    [null, 0, 0],
    [null, undefined, 1_000],
    ['', 5, 1_000],
    [0, 5, 1_000],
    [false, 5, 1_000],
  ])('lets %p with a negative ttl of %p live %d ms', (value, negativeTtlMs, expected) => {
    expect(ttlMsFor(value, { ttlMs: 1_000, negativeTtlMs })).toBe(expected);
  });
});

describe('extraTimeMs', () => {
  it('is the longer of grace and staleWhileRevalidate', () => {
    expect(extraTimeMs({ graceMs: 5, staleWhileRevalidateMs: 3 })).toBe(5);
    expect(extraTimeMs({ graceMs: 5, staleWhileRevalidateMs: 7 })).toBe(7);
  });
});

describe('lifetimeFrom', () => {
  const OPTIONS = {
    ttlMs: 1_000,
    negativeTtlMs: undefined,
    jitter: 0,
    slidingTtlMs: 0,
    graceMs: 300,
    staleWhileRevalidateMs: 200,
  } as ResolvedEntryOptions;
  const lifetime = (value: unknown, options: Partial<ResolvedEntryOptions> = {}) =>
    lifetimeFrom(10, value, { ...OPTIONS, ...options }, always(1));

  it.each<[Partial<ResolvedEntryOptions>, freshUntilMs: number, goneAtMs: number]>([
    [{}, 1_010, 1_310],
    [{ graceMs: 0, staleWhileRevalidateMs: 0 }, 1_010, 1_010],
    [{ jitter: 0.5 }, 510, 810],
    [{ slidingTtlMs: 400 }, 410, 710],
    [{ slidingTtlMs: 4_000 }, 1_010, 1_310],
    [{ ttlMs: Infinity }, Infinity, Infinity],
    [{ ttlMs: Infinity, slidingTtlMs: 400 }, 410, 710],
  ])('with %p is fresh until %d and gone at %d', (options, freshUntilMs, goneAtMs) => {
    expect(lifetime('value', options)).toEqual({ createdAtMs: 10, freshUntilMs, goneAtMs });
  });

  it('is none for a time to live of nothing', () => {
    expect(lifetime('value', { ttlMs: 0 })).toBeUndefined();
    expect(lifetime(null, { negativeTtlMs: 0 })).toBeUndefined();
  });
});
