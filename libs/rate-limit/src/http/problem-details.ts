import type { RateLimitResult } from '../limiter/rate-limit-result.js';

const TYPES = 'https://iana.org/assignments/http-problem-types#';

/** The body of a response to a request that was denied (RFC 9457, `application/problem+json`). */
export interface RateLimitProblem {
  readonly type: string;
  readonly title: string;
  readonly status: 429 | 503;
  readonly detail: string;
  /** The names of the policies that denied. */
  readonly 'violated-policies': readonly string[];
}

/** The media type of a {@link RateLimitProblem}. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/**
 * What a denied client is told: `quota-exceeded` with 429; `abnormal-usage-detected` with 429 when it is blocked for
 * having been denied too often; `temporary-reduced-capacity` with 503 when Redis is away and a policy is closed then.
 *
 * Names of policies are told, subjects and numbers are not.
 */
export function rateLimitProblem(result: RateLimitResult): RateLimitProblem {
  const violated = result.policies.filter(({ isAllowed }) => !isAllowed);
  const names = [...new Set(violated.map(({ policy }) => policy))];
  const when = Number.isFinite(result.retryAfterMs)
    ? `Try again in ${Math.max(1, Math.ceil(result.retryAfterMs / 1_000))} s.`
    : 'The request asks for more than is ever given at once: waiting does not help.';
  if (result.isBlocked) {
    return problem('abnormal-usage-detected', 'Abnormal usage detected', 429, when, names);
  }
  return violated.length > 0 && violated.every(({ denial }) => denial === 'redis-away')
    ? problem('temporary-reduced-capacity', 'Request cannot be satisfied due to reduced capacity', 503, when, names)
    : problem('quota-exceeded', 'Request cannot be satisfied as assigned quota has been exceeded', 429, when, names);
}

function problem(type: string, title: string, status: 429 | 503, detail: string, names: string[]): RateLimitProblem {
  return { type: TYPES + type, title, status, detail, 'violated-policies': names };
}
