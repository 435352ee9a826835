import { describe, expect, it } from '@jest/globals';
import { checkPolicy } from './check-policy.js';
import { InvalidPolicyError } from './invalid-policy.error.js';
import type { LimitPolicy } from './limit-policy.js';

const GOOD: LimitPolicy = { name: 'burst', algorithm: 'fixed-window', limit: 100, window: '1m' };

function problemsOf(policy: unknown): string[] {
  try {
    checkPolicy(policy as LimitPolicy);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidPolicyError)) throw error;
    return error.problems.map(({ path, message }) => `${path} ${message}`);
  }
}

describe('checkPolicy', () => {
  it.each<LimitPolicy>([
    GOOD,
    { ...GOOD, mode: 'shadow', whenAway: 'local', anchor: 'subject' },
    { name: 'a', algorithm: 'sliding-window', limit: 1, window: '1s', buckets: 1, strict: true },
    { name: 'a', algorithm: 'sliding-log', limit: 1, window: '1s' },
    { name: 'a', algorithm: 'token-bucket', capacity: 1, refill: 1, every: '1s', mannerOfRefill: 'interval' },
    { name: 'a', algorithm: 'leaky-bucket', limit: 1, window: '1s', burst: 1 },
    { name: 'a', algorithm: 'leaky-queue', limit: 1, window: '1s', maxWait: '1s' },
    { name: 'x'.repeat(64), algorithm: 'concurrency', limit: 1, lease: '1s' },
  ])('accepts $algorithm', (policy) => {
    expect(problemsOf(policy)).toEqual([]);
  });

  it.each([undefined, '', 'Burst', 'a b', 'x'.repeat(65), 'a:b', 7])('refuses the name %p', (name) => {
    expect(problemsOf({ ...GOOD, name })).toEqual([expect.stringContaining('1 to 64 of a-z')]);
  });

  it('says what to write instead of what it does not know', () => {
    expect(problemsOf({ ...GOOD, algorithm: 'gcra', mode: 'dry-run', whenAway: 'allow' })).toEqual([
      "mode is \"dry-run\". Write 'enforce', 'shadow' or 'off'",
      "whenAway is \"allow\". Write 'open', 'closed' or 'local'",
      "algorithm is \"gcra\". Write 'fixed-window', 'sliding-window', 'sliding-log', 'token-bucket', 'leaky-bucket', 'leaky-queue' or 'concurrency'",
    ]);
  });

  it('refuses options of other algorithms, which would silently do nothing', () => {
    expect(problemsOf({ ...GOOD, burst: 5, ttl: 3 })).toEqual([
      'burst is no option of fixed-window, which has limit, window, anchor',
      'ttl is no option of fixed-window, which has limit, window, anchor',
    ]);
  });

  it.each([undefined, null, 'burst', 7])('refuses %p', (given) => {
    expect(problemsOf(given)).toEqual([expect.stringContaining('Give an object')]);
  });

  it('names the policy and all that is wrong in its message', () => {
    expect(() => checkPolicy({ ...GOOD, mode: 'no' as never })).toThrow(
      'The policy "burst" is not valid:\n- mode: is "no"',
    );
  });
});
