import { describe, expect, it } from '@jest/globals';
import type { PolicyResult, RateLimitResult } from '../limiter/rate-limit-result.js';
import { rateLimitProblem } from './problem-details.js';

const IANA = 'https://iana.org/assignments/http-problem-types#';

function denied(policy: string, denial: PolicyResult['denial'], retryAfterMs: number): PolicyResult {
  return {
    policy,
    subject: 'user:42',
    isAllowed: false,
    isShadowDenial: false,
    denial,
    limit: 1,
    remaining: 0,
    used: 1,
    retryAfterMs,
    resetAfterMs: 60_000,
    waitMs: 0,
    source: 'redis',
    isDegraded: denial === 'redis-away',
  };
}

function outcome(policies: PolicyResult[], part: Partial<RateLimitResult> = {}): RateLimitResult {
  const retryAfterMs = Math.max(...policies.map((one) => one.retryAfterMs));
  return {
    isAllowed: false,
    isBlocked: false,
    retryAfterMs,
    waitMs: 0,
    lease: undefined,
    isDegraded: false,
    policies,
    declared: [],
    ...part,
  };
}

describe('rateLimitProblem', () => {
  it('names the policies that deny, each once, and no others', () => {
    const allowing: PolicyResult = { ...denied('c', undefined, 0), isAllowed: true };
    const problem = rateLimitProblem(
      outcome([denied('a', 'limit', 5_500), denied('b', 'limit', 10), denied('a', 'limit', 1), allowing]),
    );
    expect(problem).toEqual({
      type: `${IANA}quota-exceeded`,
      title: 'Request cannot be satisfied as assigned quota has been exceeded',
      status: 429,
      detail: 'Try again in 6 s.',
      'violated-policies': ['a', 'b'],
    });
  });

  it('says so where waiting does not help', () => {
    expect(rateLimitProblem(outcome([denied('a', 'never', Infinity)])).detail).toContain('waiting does not help');
  });

  it('is a 503 when only the absence of Redis denies', () => {
    const away = denied('a', 'redis-away', 1_000);
    expect(rateLimitProblem(outcome([away]))).toMatchObject({
      type: `${IANA}temporary-reduced-capacity`,
      status: 503,
    });
    expect(rateLimitProblem(outcome([away, denied('b', 'limit', 1)]))).toMatchObject({ status: 429 });
  });

  it('tells abnormal usage apart', () => {
    expect(rateLimitProblem(outcome([], { isBlocked: true, retryAfterMs: 60_000 }))).toMatchObject({
      type: `${IANA}abnormal-usage-detected`,
      status: 429,
      detail: 'Try again in 60 s.',
      'violated-policies': [],
    });
  });

  it('contains no subject', () => {
    expect(JSON.stringify(rateLimitProblem(outcome([denied('a', 'limit', 1)])))).not.toContain('user:42');
  });
});
