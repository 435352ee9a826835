import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import { BlockedSubjects } from './blocked-subjects.js';
import type { PolicyResult } from './rate-limit-result.js';

function denial(subject: string, retryAfterMs: number): PolicyResult {
  return {
    policy: 'p',
    subject,
    isAllowed: false,
    isShadowDenial: false,
    denial: 'limit',
    limit: 5,
    remaining: 0,
    used: 5,
    retryAfterMs,
    resetAfterMs: retryAfterMs + 10,
    waitMs: 0,
    source: 'redis',
    isDegraded: false,
  };
}

describe('BlockedSubjects', () => {
  const clock = new FakeClock();

  it('denies until the moment to try again, with the times of now', () => {
    const blocked = new BlockedSubjects(10, 60_000, clock);
    blocked.note(denial('a', 1_000), 1, 1);
    clock.advance(400);
    expect(blocked.find('a', 1, 1)).toMatchObject({ retryAfterMs: 600, resetAfterMs: 610, source: 'memory' });
    clock.advance(599.5);
    expect(blocked.find('a', 1, 1)).toMatchObject({ retryAfterMs: 1 });
    clock.advance(0.5);
    expect(blocked.find('a', 1, 1)).toBeUndefined();
    expect(blocked.size).toBe(0);
  });

  it('knows nothing of another cost, another revision or another subject', () => {
    const blocked = new BlockedSubjects(10, 60_000, clock);
    blocked.note(denial('a', 1_000), 1, 5);
    expect(blocked.find('a', 1, 1)).toBeUndefined();
    expect(blocked.find('a', 2, 5)).toBeUndefined();
    expect(blocked.find('b', 1, 5)).toBeUndefined();
    expect(blocked.find('a', 1, 5)).toBeDefined();
  });

  it('is trusted only for a while, so that what others give back is seen', () => {
    const blocked = new BlockedSubjects(10, 500, clock);
    blocked.note(denial('a', Infinity), 1, 1);
    clock.advance(499);
    expect(blocked.find('a', 1, 1)).toMatchObject({ retryAfterMs: Infinity });
    clock.advance(1);
    expect(blocked.find('a', 1, 1)).toBeUndefined();
  });

  it('forgets who was heard of least recently beyond its bound', () => {
    const blocked = new BlockedSubjects(2, 60_000, clock);
    blocked.note(denial('a', 1_000), 1, 1);
    blocked.note(denial('b', 1_000), 1, 1);
    blocked.find('a', 1, 1);
    blocked.note(denial('c', 1_000), 1, 1);
    expect(['a', 'b', 'c'].map((subject) => blocked.find(subject, 1, 1) !== undefined)).toEqual([true, false, true]);
  });

  it('stays small for a subject with many costs', () => {
    const blocked = new BlockedSubjects(10, 60_000, clock);
    for (let cost = 1; cost <= 100; cost++) blocked.note(denial('a', 1_000), 1, cost);
    const known = Array.from({ length: 100 }, (_, index) => blocked.find('a', 1, index + 1)).filter(Boolean);
    expect(known).toHaveLength(16);
  });

  it('forgets a subject that is given something back, and keeps nothing where it may not', () => {
    const blocked = new BlockedSubjects(10, 60_000, clock);
    blocked.note(denial('a', 1_000), 1, 1);
    blocked.forget('a');
    expect(blocked.find('a', 1, 1)).toBeUndefined();
    const none = new BlockedSubjects(0, 60_000, clock);
    none.note(denial('a', 1_000), 1, 1);
    expect(none.size).toBe(0);
  });
});
