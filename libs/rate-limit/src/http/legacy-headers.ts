import type { PolicyResult } from '../limiter/rate-limit-result.js';

/**
 * `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` (seconds from now), which many clients still
 * read. They can tell of one policy: the one that denies for longest, else the one of which the least share is left.
 */
export function legacyHeaders(results: readonly PolicyResult[]): Record<string, string> {
  const [tightest] = [...results].sort(byTightness);
  if (tightest === undefined) return {};
  const { limit, remaining, resetAfterMs } = tightest;
  return {
    'X-RateLimit-Limit': String(limit),
    'X-RateLimit-Remaining': String(Math.max(0, remaining)),
    'X-RateLimit-Reset': String(Math.ceil(resetAfterMs / 1_000)),
  };
}

function byTightness(one: PolicyResult, other: PolicyResult): number {
  const waitOf = (result: PolicyResult): number => (result.isAllowed ? -1 : result.retryAfterMs);
  if (waitOf(one) !== waitOf(other)) return waitOf(other) - waitOf(one);
  return one.remaining / one.limit - other.remaining / other.limit;
}
