import type { PolicyResult, RateLimitResult } from './rate-limit-result.js';

/** Why a request would pass or not. */
export interface RateLimitExplanation {
  readonly result: RateLimitResult;
  /** For people: what decides, and a line for each policy. */
  readonly lines: readonly string[];
}

/** Puts a result into words. */
export function explain(result: RateLimitResult, isDegraded: boolean): RateLimitExplanation {
  const verdict = result.isAllowed ? 'It would pass.' : `It would be denied${when(result.retryAfterMs)}.`;
  const block = result.isBlocked ? ['The subject is blocked, because it was denied too often.'] : [];
  const away = isDegraded ? ['Redis is away: each policy decides as its whenAway says.'] : [];
  return { result, lines: [verdict, ...block, ...away, ...result.policies.map(describe)] };
}

function describe(result: PolicyResult): string {
  const { policy, subject, used, limit, resetAfterMs, source, isDegraded } = result;
  const standing = `${policy} of ${subject}: ${used} of ${limit} used`;
  const reset = resetAfterMs > 0 && resetAfterMs < Infinity ? `, all is as new in ${span(resetAfterMs)}` : '';
  return `${standing}${reset}; ${judgement(result)}${isDegraded ? ` (${source}, while Redis is away)` : ''}.`;
}

function judgement({ denial, isShadowDenial, retryAfterMs, waitMs }: PolicyResult): string {
  if (denial === undefined) return waitMs > 0 ? `admits after a wait of ${span(waitMs)}` : 'admits';
  const verb = isShadowDenial ? 'only watches, and would deny' : 'denies';
  if (denial === 'never') return `${verb}: the request costs more than is ever given at once`;
  if (denial === 'redis-away') return `${verb}, being closed`;
  return `${verb}${when(retryAfterMs)}`;
}

function when(retryAfterMs: number): string {
  if (retryAfterMs === Infinity) return ', however long it waits';
  return retryAfterMs > 0 ? ` for ${span(retryAfterMs)}` : '';
}

function span(ms: number): string {
  return ms < 1_000 ? `${Math.ceil(ms)} ms` : `${Math.ceil(ms / 100) / 10} s`;
}
