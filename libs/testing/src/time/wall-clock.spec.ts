import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from '@jest/globals';
import { setWallClockOffset } from './wall-clock.js';

const TEN_MINUTES_MS = 600_000;

/** How far the wall clock is ahead of what it was when this file was loaded, by each way to read it. */
const RealDate = Date;
const realNow = Date.now;
const realTimeOriginMs = performance.timeOrigin;
const offsets = (): number[] => [
  Date.now() - realNow(),
  new Date().getTime() - realNow(),
  Date.parse(Date()) - realNow(),
  performance.timeOrigin - realTimeOriginMs,
];

afterEach(() => {
  setWallClockOffset(0);
});

describe('setWallClockOffset', () => {
  it.each([TEN_MINUTES_MS, -TEN_MINUTES_MS])('moves every reading of the wall clock by %d ms', (offsetMs) => {
    setWallClockOffset(offsetMs);
    for (const shownMs of offsets()) expect(Math.abs(shownMs - offsetMs)).toBeLessThan(2_000);
  });

  it('counts from the clock of the machine, not from the last offset', () => {
    setWallClockOffset(TEN_MINUTES_MS);
    setWallClockOffset(1_000);
    expect(Math.abs(Date.now() - realNow() - 1_000)).toBeLessThan(500);
  });

  it('moves a clock that was taken hold of while it was moved', () => {
    setWallClockOffset(TEN_MINUTES_MS);
    const { now } = Date;
    setWallClockOffset(-TEN_MINUTES_MS);
    expect(Math.abs(now() - realNow() + TEN_MINUTES_MS)).toBeLessThan(1_000);
  });

  it('is taken back by 0 and by what it returns', () => {
    setWallClockOffset(TEN_MINUTES_MS)();
    expect([Date, Date.now, performance.timeOrigin]).toEqual([RealDate, realNow, realTimeOriginMs]);
    for (const shownMs of offsets()) expect(Math.abs(shownMs)).toBeLessThan(2_000);
  });

  it('leaves dates that are given alone, and what a date is', () => {
    setWallClockOffset(TEN_MINUTES_MS);
    expect(new Date(5).getTime()).toBe(5);
    expect(new Date(2020, 0, 2).getDate()).toBe(2);
    expect(new Date()).toBeInstanceOf(RealDate);
    expect(new RealDate(5)).toBeInstanceOf(Date);
    expect(Date.UTC(1970, 0, 1)).toBe(0);
    class Birthday extends Date {}
    expect(new Birthday()).toBeInstanceOf(Birthday);
    expect(Math.abs(new Birthday().getTime() - realNow() - TEN_MINUTES_MS)).toBeLessThan(1_000);
  });

  it('leaves monotonic clocks alone', () => {
    const [beforeMs, beforeNs] = [performance.now(), process.hrtime.bigint()];
    setWallClockOffset(-TEN_MINUTES_MS);
    expect(performance.now() - beforeMs).toBeLessThan(1_000);
    expect(performance.now()).toBeGreaterThanOrEqual(beforeMs);
    expect(process.hrtime.bigint() > beforeNs).toBe(true);
  });

  it.each([NaN, Infinity])('refuses %p', (offsetMs) => {
    expect(() => setWallClockOffset(offsetMs)).toThrow(`A clock cannot be moved by ${offsetMs} ms.`);
  });
});
