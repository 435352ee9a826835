import { describe, expect, it } from '@jest/globals';
import { InvalidPolicyError } from '../policy/invalid-policy.error.js';
import type { LimitPolicy } from '../policy/limit-policy.js';
import { resolveRule } from './resolve-rule.js';

const name = 'p';

describe('resolveRule', () => {
  it.each<[LimitPolicy, object]>([
    [
      { name, algorithm: 'fixed-window', limit: 100, window: '1m' },
      { kind: 'fixed-window', limit: 100, windowUs: 60_000_000, isAnchoredBySubject: false },
    ],
    [
      { name, algorithm: 'fixed-window', limit: 100, window: '1m', anchor: 'subject' },
      { kind: 'fixed-window', limit: 100, windowUs: 60_000_000, isAnchoredBySubject: true },
    ],
    [
      { name, algorithm: 'sliding-window', limit: 100, window: '1m' },
      { kind: 'sliding-window', limit: 100, bucketUs: 6_000_000, bucketCount: 10, isStrict: false },
    ],
    [
      { name, algorithm: 'sliding-window', limit: 100, window: '0.01ms', buckets: 3, strict: true },
      { kind: 'sliding-window', limit: 100, bucketUs: 4, bucketCount: 3, isStrict: true },
    ],
    [
      { name, algorithm: 'sliding-log', limit: 100, window: '1.1ms' },
      { kind: 'sliding-log', limit: 100, windowUs: 1_100 },
    ],
    [
      { name, algorithm: 'token-bucket', capacity: 9, refill: 6, every: '4ms' },
      {
        kind: 'token-bucket',
        capacity: 9,
        refill: 6,
        everyUs: 4_000,
        rate: { count: 3, perUs: 2_000 },
        isGreedy: true,
      },
    ],
    [
      { name, algorithm: 'leaky-bucket', limit: 100, window: '1m' },
      { kind: 'leaky-bucket', limit: 100, windowUs: 60_000_000, burst: 100, rate: { count: 1, perUs: 600_000 } },
    ],
    [
      { name, algorithm: 'leaky-queue', limit: 7, window: '1s', maxWait: '0ms' },
      { kind: 'leaky-queue', limit: 7, windowUs: 1_000_000, maxWaitUs: 0, rate: { count: 7, perUs: 1_000_000 } },
    ],
    [
      { name, algorithm: 'concurrency', limit: 3 },
      { kind: 'concurrency', limit: 3, leaseUs: 60_000_000 },
    ],
  ])('makes whole numbers of %j', (policy, rule) => {
    expect(resolveRule(policy)).toEqual(rule);
    expect(Object.isFrozen(resolveRule(policy))).toBe(true);
  });

  it.each<[object, string[]]>([
    [{ algorithm: 'fixed-window', limit: 0, window: '1m' }, ['limit']],
    [{ algorithm: 'fixed-window', limit: 1.5, window: '0ms', anchor: 'user' }, ['anchor', 'limit', 'window']],
    [{ algorithm: 'fixed-window', limit: '5', window: 60 }, ['limit', 'window']],
    [{ algorithm: 'fixed-window', limit: 1, window: '0.0001ms' }, ['window']],
    [{ algorithm: 'fixed-window', limit: 1, window: '0.0015ms' }, ['window']],
    [{ algorithm: 'fixed-window', limit: 1, window: 'forever' }, ['window']],
    [{ algorithm: 'fixed-window', limit: 1, window: '815d' }, ['window']],
    [{ algorithm: 'sliding-window', limit: 2 ** 32, window: '1m', buckets: 11 }, ['buckets', 'limit']],
    [{ algorithm: 'sliding-log', limit: 10_001, window: '1m' }, ['limit']],
    [{ algorithm: 'token-bucket', capacity: 1e9, refill: 1, every: '1ms' }, []],
    [{ algorithm: 'token-bucket', capacity: 1e9, refill: 7, every: '1h' }, ['capacity']],
    [{ algorithm: 'token-bucket', capacity: 1_000, refill: 1, every: '1d' }, ['capacity']],
    [{ algorithm: 'token-bucket', capacity: 1, refill: 1, every: '1d', mannerOfRefill: 'slow' }, ['mannerOfRefill']],
    [{ algorithm: 'leaky-bucket', limit: 1, window: '1d', burst: 815 }, ['burst']],
    [{ algorithm: 'leaky-queue', limit: 1_001, window: '1ms', maxWait: '-1s' }, ['maxWait', 'limit']],
    [{ algorithm: 'concurrency', limit: 10_001, lease: '0s' }, ['limit', 'lease']],
    [{ algorithm: 'magic' }, ['algorithm']],
  ])('says what is wrong with %j: %j', (policy, paths) => {
    expect(problemsOf({ name, ...policy } as LimitPolicy)).toEqual(paths);
  });
});

function problemsOf(policy: LimitPolicy): string[] {
  try {
    resolveRule(policy);
  } catch (error) {
    if (error instanceof InvalidPolicyError) return error.problems.map(({ path }) => path);
    throw error;
  }
  return [];
}
