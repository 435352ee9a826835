import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from './fake-clock.js';
import { SkewedClock } from './skewed-clock.js';

describe('SkewedClock', () => {
  let base: FakeClock;
  let fired: string[];

  beforeEach(() => {
    base = new FakeClock(1_000);
    fired = [];
  });

  it('shows what the clock under it shows unless it is skewed', () => {
    const clock = new SkewedClock({}, base);
    expect(clock.monotonicMs()).toBe(1_000);
    base.advance(5);
    expect(clock.monotonicMs()).toBe(1_005);
    expect(Math.abs(new SkewedClock().monotonicMs() - performance.now())).toBeLessThan(1_000);
  });

  it('begins elsewhere and runs at its own rate', () => {
    const clock = new SkewedClock({ offsetMs: -500_000, rate: 2 }, base);
    expect(clock.monotonicMs()).toBe(-498_000);
    base.advance(10);
    expect(clock.monotonicMs()).toBe(-497_980);
  });

  it('fires timers by its own time', () => {
    const clock = new SkewedClock({ offsetMs: 7, rate: 2 }, base);
    clock.setTimer(() => fired.push(`at ${clock.monotonicMs()}`), 100);
    clock.setTimer(() => fired.push('cancelled'), 100).cancel();
    base.advance(49);
    expect(fired).toEqual([]);
    base.advance(1);
    expect(fired).toEqual(['at 2107']);
  });

  it('leaps ahead and fires what is due by then, never inside the leap', () => {
    const clock = new SkewedClock({}, base);
    clock.setTimer(() => fired.push('late'), 600_001);
    clock.setTimer(() => fired.push('second'), 600_000);
    clock.setTimer(() => fired.push('first'), 10);
    clock.leap(600_000);
    expect(clock.monotonicMs()).toBe(601_000);
    expect(fired).toEqual([]);
    base.advance(0);
    expect(fired).toEqual(['first', 'second']);
    base.advance(1);
    expect(fired).toEqual(['first', 'second', 'late']);
    expect(base.pendingTimers).toBe(0);
  });

  it.each([-1, NaN, Infinity])('refuses to leap by %p', (ms) => {
    expect(() => new SkewedClock({}, base).leap(ms)).toThrow(`cannot leap by ${ms} ms`);
  });

  it.each([
    [{ rate: 0 }, 'rate is 0'],
    [{ rate: -1 }, 'rate is -1'],
    [{ rate: Infinity }, 'rate is Infinity'],
    [{ offsetMs: NaN }, 'offsetMs is NaN'],
  ])('refuses %p', (skew, message) => {
    expect(() => new SkewedClock(skew, base)).toThrow(message);
  });
});
