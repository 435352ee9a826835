import { beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeClock } from './fake-clock.js';

describe('FakeClock', () => {
  let clock: FakeClock;
  let fired: string[];

  beforeEach(() => {
    clock = new FakeClock();
    fired = [];
  });

  function note(name: string): () => void {
    return () => fired.push(`${name}@${clock.monotonicMs()}`);
  }

  it('stands still until it is moved', () => {
    expect(clock.monotonicMs()).toBe(1_000);
    clock.advance(0.5);
    expect(clock.monotonicMs()).toBe(1_000.5);
    expect(new FakeClock(7).monotonicMs()).toBe(7);
  });

  it('fires timers in the order in which they are due, each at its own moment', () => {
    clock.setTimer(note('late'), 30);
    clock.setTimer(note('early'), 10);
    clock.setTimer(note('too late'), 31);
    clock.advance(30);
    expect(fired).toEqual(['early@1010', 'late@1030']);
    expect(clock.pendingTimers).toBe(1);
  });

  it('fires timers of one moment in the order in which they were set', () => {
    for (const name of ['a', 'b', 'c']) clock.setTimer(note(name), 5);
    clock.advance(5);
    expect(fired).toEqual(['a@1005', 'b@1005', 'c@1005']);
  });

  it('fires what a callback sets, if it is due within the same advance', () => {
    clock.setTimer(() => {
      clock.setTimer(note('within'), 10);
      clock.setTimer(note('beyond'), 11);
    }, 10);
    clock.advance(20);
    expect(fired).toEqual(['within@1020']);
  });

  it('never fires a timer inside setTimer, not even one that is due', () => {
    clock.setTimer(note('at once'), 0);
    clock.setTimer(note('in the past'), -5);
    expect(fired).toEqual([]);
    clock.advance(0);
    expect(fired).toEqual(['at once@1000', 'in the past@1000']);
  });

  it('does not fire a cancelled timer, even when a timer of the same advance cancels it', () => {
    const second = clock.setTimer(note('second'), 20);
    const first = clock.setTimer(() => second.cancel(), 10);
    clock.advance(50);
    first.cancel();
    expect(fired).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('never fires a timer of infinite delay', () => {
    clock.setTimer(note('never'), Infinity);
    clock.advance(Number.MAX_SAFE_INTEGER);
    expect(fired).toEqual([]);
  });

  it('throws what a callback throws, and can go on', () => {
    clock.setTimer(() => {
      throw new Error('broken timer');
    }, 10);
    clock.setTimer(note('next'), 20);
    expect(() => clock.advance(30)).toThrow('broken timer');
    expect(clock.monotonicMs()).toBe(1_010);
    clock.advance(20);
    expect(fired).toEqual(['next@1020']);
  });

  it('does not run backwards when a callback advances it further', () => {
    clock.setTimer(() => clock.advance(100), 10);
    clock.advance(20);
    expect(clock.monotonicMs()).toBe(1_110);
  });

  it.each([-1, NaN, Infinity])('refuses to advance by %p', async (ms) => {
    expect(() => clock.advance(ms)).toThrow(RangeError);
    await expect(clock.advanceAsync(ms)).rejects.toThrow(`cannot advance by ${ms} ms`);
    expect(clock.monotonicMs()).toBe(1_000);
  });

  it('lets code that awaits between its timers run through in one advanceAsync', async () => {
    const wait = (ms: number) => new Promise<void>((resolve) => clock.setTimer(resolve, ms));
    const work = (async () => {
      await Promise.resolve();
      await wait(10);
      note('one')();
      await Promise.resolve();
      await wait(10);
      note('two')();
    })();
    await clock.advanceAsync(20);
    await work;
    expect(fired).toEqual(['one@1010', 'two@1020']);
    expect(clock.monotonicMs()).toBe(1_020);
  });

  it('fires any set of timers sorted by due time, however the advance is cut up', () => {
    const delays = fc.array(fc.nat(100), { maxLength: 30 });
    fc.assert(
      fc.property(delays, fc.array(fc.nat(40), { maxLength: 10 }), (delaysMs, stepsMs) => {
        const subject = new FakeClock(0);
        const seen: number[] = [];
        for (const delayMs of delaysMs) subject.setTimer(() => seen.push(subject.monotonicMs()), delayMs);
        for (const stepMs of stepsMs) subject.advance(stepMs);
        const endMs = stepsMs.reduce((sum, stepMs) => sum + stepMs, 0);
        expect(subject.monotonicMs()).toBe(endMs);
        const due = stepsMs.length === 0 ? [] : delaysMs.filter((delayMs) => delayMs <= endMs);
        expect(seen).toEqual(due.sort((a, b) => a - b));
      }),
    );
  });
});
