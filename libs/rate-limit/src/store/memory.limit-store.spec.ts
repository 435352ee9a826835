import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import { resolveRule } from '../rule/resolve-rule.js';
import type { LimitClaim } from './limit-store.port.js';
import { MemoryLimitStore } from './memory.limit-store.js';

const rule = resolveRule({ name: 'p', algorithm: 'leaky-bucket', limit: 1, window: '1m' });
const claimOf = (subject: string): LimitClaim => ({ subject, policy: 'p', rule, cost: 1, isShadow: false });

describe('MemoryLimitStore', () => {
  it('forgets the subject that was asked for least recently when there are too many', async () => {
    const store = new MemoryLimitStore({ clock: new FakeClock(), maxSubjects: 3 });
    for (const subject of ['a', 'b', 'c', 'a', 'd']) await store.take([claimOf(subject)]);
    expect(store.subjectCount).toBe(3);
    await expect(store.take([claimOf('a')])).resolves.toMatchObject({ isAllowed: false });
    await expect(store.take([claimOf('b')])).resolves.toMatchObject({ isAllowed: true });
  });

  it('lets go of subjects whose limits have passed, without a timer', async () => {
    const clock = new FakeClock();
    const store = new MemoryLimitStore({ clock });
    for (let user = 0; user < 100; user++) await store.take([claimOf(`user:${user}`)]);
    clock.advance(60_000);
    for (let round = 0; round < 60; round++) await store.take([claimOf('another')]);
    expect(store.subjectCount).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps nothing of who only asks or is denied', async () => {
    const store = new MemoryLimitStore({ clock: new FakeClock() });
    await store.take([{ ...claimOf('asks'), cost: 0 }]);
    await store.take([{ ...claimOf('is denied'), cost: 2 }]);
    expect(store.subjectCount).toBe(0);
  });

  it('begins windows of the clock where the clock of the world does', async () => {
    const store = new MemoryLimitStore();
    const window = resolveRule({ name: 'p', algorithm: 'fixed-window', limit: 5, window: '1h' });
    const { verdicts } = await store.take([{ ...claimOf('a'), rule: window }]);
    const leftMs = 3_600_000 - (Date.now() % 3_600_000);
    const apartMs = Math.abs((verdicts[0]?.resetAfterUs ?? 0) / 1_000 - leftMs);
    expect(Math.min(apartMs, 3_600_000 - apartMs)).toBeLessThan(10_000);
  });

  it.each([0, 1.5, -1, NaN])('refuses %p as the number of subjects', (maxSubjects) => {
    expect(() => new MemoryLimitStore({ maxSubjects })).toThrow(RangeError);
  });
});
