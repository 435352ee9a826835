import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import { LeaseWaiters } from './lease-waiters.js';

describe('LeaseWaiters', () => {
  let clock: FakeClock;
  let waiters: LeaseWaiters;
  let woken: string[];
  beforeEach(() => {
    clock = new FakeClock();
    waiters = new LeaseWaiters(clock);
    woken = [];
  });

  const wait = (key: string, timeoutMs: number, name = key) =>
    waiters.wait(key, timeoutMs).then(() => woken.push(name));
  const settle = () => clock.advanceAsync(0);

  it('wakes all who wait for the key, and nobody else', async () => {
    void wait('a', 1_000, 'first');
    void wait('a', 1_000, 'second');
    void wait('b', 1_000);
    waiters.wake('a');
    waiters.wake('a');
    waiters.wake('nobody');
    await settle();
    expect(woken).toEqual(['first', 'second']);
    expect(clock.pendingTimers).toBe(1);
  });

  it('wakes each by itself after its time', async () => {
    void wait('a', 100, 'impatient');
    void wait('a', 200, 'patient');
    await clock.advanceAsync(100);
    await settle();
    expect(woken).toEqual(['impatient']);
    waiters.wake('a');
    await settle();
    expect(woken).toEqual(['impatient', 'patient']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('wakes everybody', async () => {
    for (const key of ['a', 'b', 'c']) void wait(key, 1_000);
    waiters.wakeAll();
    await settle();
    expect(woken).toEqual(['a', 'b', 'c']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves who waits again after being woken', async () => {
    void wait('a', 1_000, 'first').then(() => wait('a', 1_000, 'again'));
    waiters.wake('a');
    await settle();
    expect(woken).toEqual(['first']);
    waiters.wake('a');
    await settle();
    expect(woken).toEqual(['first', 'again']);
  });
});
