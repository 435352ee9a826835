import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@nest-strata/testing';
import type { PolicyResult, RateLimitResult } from '../limiter/rate-limit-result.js';
import type { LimitPolicy } from '../policy/limit-policy.js';
import { rateLimitHeaders } from './rate-limit-headers.js';

const BURST: LimitPolicy = { name: 'burst', algorithm: 'fixed-window', limit: 100, window: '1m' };
const DAILY: LimitPolicy = { name: 'daily', algorithm: 'sliding-window', limit: 1_000, window: '1d' };

function resultOf(policy: string, part: Partial<PolicyResult> = {}): PolicyResult {
  return {
    policy,
    subject: 'user:42',
    isAllowed: true,
    isShadowDenial: false,
    denial: undefined,
    limit: 100,
    remaining: 50,
    used: 50,
    retryAfterMs: 0,
    resetAfterMs: 29_001,
    waitMs: 0,
    source: 'redis',
    isDegraded: false,
    ...part,
  };
}

function outcome(...policies: PolicyResult[]): RateLimitResult {
  const denied = policies.filter(({ isAllowed }) => !isAllowed);
  return {
    isAllowed: denied.length === 0,
    isBlocked: false,
    retryAfterMs: Math.max(0, ...denied.map(({ retryAfterMs }) => retryAfterMs)),
    waitMs: 0,
    lease: undefined,
    isDegraded: policies.some(({ isDegraded }) => isDegraded),
    policies,
    declared: [],
  };
}

function asking(declared: readonly LimitPolicy[], result: RateLimitResult): RateLimitResult {
  return { ...result, declared };
}

describe('rateLimitHeaders', () => {
  it('tells of every policy what it is and how the client stands', () => {
    const result = outcome(
      resultOf('burst'),
      resultOf('daily', { limit: 1_000, remaining: 900, resetAfterMs: 86_400_000 }),
    );
    expect(rateLimitHeaders(asking([BURST, DAILY], result))).toEqual({
      'RateLimit-Policy': '"burst";q=100;w=60, "daily";q=1000;w=86400',
      RateLimit: '"burst";r=50;t=30, "daily";r=900;t=86400',
    });
  });

  it('sends Retry-After with a denial, never earlier than t', () => {
    const denied = resultOf('burst', { isAllowed: false, denial: 'limit', remaining: 0, retryAfterMs: 12_345 });
    const plain = rateLimitHeaders(asking([BURST], outcome(denied)));
    expect(plain).toMatchObject({ RateLimit: '"burst";r=0;t=13', 'Retry-After': '13' });
    const spread = rateLimitHeaders(asking([BURST], outcome(denied)), {
      spread: { jitter: 1, random: new SeededRandom(3) },
    });
    expect(Number(spread['Retry-After'])).toBeGreaterThan(13);
  });

  it('sends the longest wait of all that deny', () => {
    const short = resultOf('burst', { isAllowed: false, denial: 'limit', retryAfterMs: 2_000 });
    const long = resultOf('daily', { isAllowed: false, denial: 'limit', retryAfterMs: 3_600_000 });
    expect(rateLimitHeaders(asking([BURST, DAILY], outcome(short, long)))['Retry-After']).toBe('3600');
  });

  it('sends no Retry-After and no t where waiting does not help', () => {
    const never = resultOf('burst', { isAllowed: false, denial: 'never', retryAfterMs: Infinity });
    expect(rateLimitHeaders(asking([BURST], outcome(never)))).toEqual({
      'RateLimit-Policy': '"burst";q=100;w=60',
      RateLimit: '"burst";r=50',
    });
  });

  it('does not tell of policies that only watch or are off', () => {
    const result = outcome(resultOf('burst', { isShadowDenial: true, denial: 'limit' }), resultOf('daily'));
    expect(rateLimitHeaders(asking([{ ...BURST, mode: 'shadow' }, DAILY], result))).toMatchObject({
      'RateLimit-Policy': '"daily";q=1000;w=86400',
      RateLimit: '"daily";r=50;t=30',
    });
    expect(rateLimitHeaders(asking([{ ...BURST, mode: 'off' }], outcome()))).toEqual({});
  });

  it('leaves out the numbers that are not known while Redis is away', () => {
    const result = outcome(resultOf('burst', { isDegraded: true, source: 'fallback' }), resultOf('daily'));
    expect(rateLimitHeaders(asking([BURST, DAILY], result), { legacy: true })).toEqual({
      'RateLimit-Policy': '"burst";q=100;w=60, "daily";q=1000;w=86400',
      RateLimit: '"daily";r=50;t=30',
      'X-RateLimit-Limit': '100',
      'X-RateLimit-Remaining': '50',
      'X-RateLimit-Reset': '30',
    });
  });

  it('has no window below a second, and rounds others up', () => {
    const policies = [
      { ...BURST, window: '500ms' },
      { ...DAILY, window: '1.5s' },
    ] as LimitPolicy[];
    expect(rateLimitHeaders(asking(policies, outcome()))).toEqual({
      'RateLimit-Policy': '"burst";q=100, "daily";q=1000;w=2',
    });
  });

  it('counts what runs at the same time in its own unit', () => {
    const policy: LimitPolicy = { name: 'uploads', algorithm: 'concurrency', limit: 4 };
    expect(rateLimitHeaders(asking([policy], outcome(resultOf('uploads', { remaining: 3 }))))).toEqual({
      'RateLimit-Policy': '"uploads";q=4;qu="concurrent-requests"',
      RateLimit: '"uploads";r=3',
    });
  });

  it('tells clients of one subject the same partition, and nobody the subject', () => {
    const fieldFor = (subject: string): string | undefined =>
      rateLimitHeaders(asking([BURST], outcome(resultOf('burst', { subject }))), { partitionSecret: 's' })['RateLimit'];
    expect(fieldFor('user:42')).toMatch(/^"burst";r=50;t=30;pk=:[\w+/]{16}:$/);
    expect(fieldFor('user:42')).toBe(fieldFor('user:42'));
    expect(fieldFor('user:42')).not.toBe(fieldFor('user:43'));
  });

  it('tells in the legacy set of the policy that denies for longest, else of the one with the least left', () => {
    const allowed = resultOf('burst', { remaining: 10 });
    const fuller = resultOf('daily', { limit: 1_000, remaining: 500, resetAfterMs: 60_000 });
    expect(rateLimitHeaders(asking([BURST, DAILY], outcome(fuller, allowed)), { legacy: true })).toMatchObject({
      'X-RateLimit-Limit': '100',
      'X-RateLimit-Remaining': '10',
      'X-RateLimit-Reset': '30',
    });
    const denying = { ...fuller, isAllowed: false, denial: 'limit', retryAfterMs: 5_000 } as const;
    expect(rateLimitHeaders(asking([BURST, DAILY], outcome(denying, allowed)), { legacy: true })).toMatchObject({
      'X-RateLimit-Limit': '1000',
      'X-RateLimit-Reset': '60',
      'Retry-After': '5',
    });
  });

  it('never sends less than nothing', () => {
    const owing = resultOf('burst', { remaining: -3, isAllowed: false, denial: 'limit', retryAfterMs: 1 });
    expect(rateLimitHeaders(asking([BURST], outcome(owing)), { legacy: true })).toMatchObject({
      RateLimit: '"burst";r=0;t=1',
      'X-RateLimit-Remaining': '0',
    });
  });
});
