import { describe, expect, it } from '@jest/globals';
import type { Random } from '@nest-strata/core';
import { SeededRandom } from '@nest-strata/testing';
import fc from 'fast-check';
import { judgeFreshness, quietUntilMs, slideAtMs } from './freshness.policy.js';
import type { CopyTimes, Freshness, FreshnessOptions } from './freshness.policy.js';

const NONE: FreshnessOptions = { staleWhileRevalidateMs: 0, refreshAhead: 0, earlyRefresh: 0 };
const TIMES: CopyTimes = { createdAtMs: 1_000, freshUntilMs: 2_000, goneAtMs: 5_000, loadMs: 100 };
const always = (fraction: number) => ({ fraction: () => fraction }) as Random;
const judge = (nowMs: number, options: Partial<FreshnessOptions> = {}, random = always(0.5), times = TIMES) =>
  judgeFreshness(times, { ...NONE, ...options }, nowMs, random);

describe('judgeFreshness', () => {
  it.each<[number, Partial<FreshnessOptions>, Freshness]>([
    [1_000, {}, 'fresh'],
    [1_999, {}, 'fresh'],
    [2_000, {}, 'fallback'],
    [4_999, {}, 'fallback'],
    [5_000, {}, 'gone'],
    [2_000, { staleWhileRevalidateMs: 1_000 }, 'revalidate'],
    [2_999, { staleWhileRevalidateMs: 1_000 }, 'revalidate'],
    [3_000, { staleWhileRevalidateMs: 1_000 }, 'fallback'],
    [5_000, { staleWhileRevalidateMs: 10_000 }, 'gone'],
    [1_799, { refreshAhead: 0.8 }, 'fresh'],
    [1_800, { refreshAhead: 0.8 }, 'refresh'],
    [2_000, { refreshAhead: 0.8 }, 'fallback'],
  ])('at %d with %p says %s', (nowMs, options, expected) => {
    expect(judge(nowMs, options)).toBe(expected);
  });

  it('does not refresh ahead what has no end', () => {
    const endless = { ...TIMES, freshUntilMs: Infinity, goneAtMs: Infinity };
    expect(judge(1e15, { refreshAhead: 0.1, earlyRefresh: 1 }, always(0.999), endless)).toBe('fresh');
  });

  it('calls an entry that was expired by hand a fallback, however long it would have lived', () => {
    expect(judge(1_500, {}, always(0.5), { ...TIMES, freshUntilMs: -Infinity })).toBe('fallback');
    expect(judge(1_500, { staleWhileRevalidateMs: 1e9 }, always(0.5), { ...TIMES, freshUntilMs: -Infinity })).toBe(
      'fallback',
    );
  });

  it('refreshes early by chance only what was loaded, and only where that is wanted', () => {
    expect(judge(1_999, { earlyRefresh: 1 }, always(0.999))).toBe('refresh');
    expect(judge(1_999, { earlyRefresh: 0 }, always(0.999))).toBe('fresh');
    expect(judge(1_999, { earlyRefresh: 1 }, always(0.999), { ...TIMES, loadMs: 0 })).toBe('fresh');
    expect(judge(1_999, { earlyRefresh: 1 }, always(0))).toBe('fresh');
  });

  it.each([
    [100, 1],
    [50, 1],
    [300, 1],
    [100, 3],
    [10, 1],
  ])('%d ms before the end and with a beta of %d, refreshes with the chance of XFetch', (leftMs, earlyRefresh) => {
    const random = new SeededRandom(7);
    const samples = 20_000;
    let refreshed = 0;
    for (let sample = 0; sample < samples; sample++) {
      if (judge(TIMES.freshUntilMs - leftMs, { earlyRefresh }, random) === 'refresh') refreshed++;
    }
    const chance = Math.exp(-leftMs / (TIMES.loadMs * earlyRefresh));
    const deviation = Math.sqrt((chance * (1 - chance)) / samples);
    expect(Math.abs(refreshed / samples - chance)).toBeLessThan(4 * deviation);
  });
});

describe('slideAtMs', () => {
  it('is when half of the time since the last read has passed, and never without sliding', () => {
    expect(slideAtMs({ freshUntilMs: 2_000 }, 1_000)).toBe(1_500);
    expect(slideAtMs({ freshUntilMs: 2_000 }, 0)).toBe(Infinity);
  });
});

describe('quietUntilMs', () => {
  it.each<[Partial<FreshnessOptions> & { slidingTtlMs?: number }, number]>([
    [{}, 2_000],
    [{ refreshAhead: 0.5 }, 1_500],
    [{ slidingTtlMs: 1_000 }, 1_500],
    [{ earlyRefresh: 0.1 }, 1_600],
    [{ staleWhileRevalidateMs: 1_000 }, 2_000],
  ])('with %p ends at %d', (options, expected) => {
    expect(quietUntilMs(TIMES, { ...NONE, slidingTtlMs: 0, ...options })).toBe(expected);
  });

  it('never comes after a moment at which something is to be decided', () => {
    const times = fc
      .record({
        createdAtMs: fc.nat(1_000_000),
        freshForMs: fc.oneof(fc.integer({ min: 1, max: 1_000_000 }), fc.constant(Infinity)),
        extraMs: fc.nat(1_000_000),
        loadMs: fc.nat(100_000),
      })
      .map(({ createdAtMs, freshForMs, extraMs, loadMs }): CopyTimes => {
        const freshUntilMs = createdAtMs + freshForMs;
        return { createdAtMs, freshUntilMs, goneAtMs: freshUntilMs + extraMs, loadMs };
      });
    const options = fc.record({
      staleWhileRevalidateMs: fc.nat(1_000_000),
      refreshAhead: fc.double({ min: 0, max: 0.99, noNaN: true }),
      earlyRefresh: fc.double({ min: 0, max: 10, noNaN: true }),
      slidingTtlMs: fc.nat(1_000_000),
    });
    fc.assert(
      fc.property(times, options, fc.nat(2_000_000), (copy, given, offsetMs) => {
        const nowMs = copy.createdAtMs + offsetMs;
        fc.pre(nowMs < quietUntilMs(copy, given));
        // The least chance that a generator of 53 bits leaves.
        const unlikely = always(1 - 2 ** -53);
        expect(judgeFreshness(copy, given, nowMs, unlikely)).toBe('fresh');
        expect(nowMs).toBeLessThan(slideAtMs(copy, given.slidingTtlMs));
      }),
      { numRuns: 1_000 },
    );
  });
});
