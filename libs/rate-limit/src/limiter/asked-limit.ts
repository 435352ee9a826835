import type { CompiledPolicy } from '../policy/compiled-policy.js';
import { InvalidClaimError } from '../store/invalid-claim.error.js';
import type { LimitClaim, LimitVerdict } from '../store/limit-store.port.js';
import type { PolicyResult, RateLimitSource } from './rate-limit-result.js';
import type { RateLimitRequest } from './rate-limit-request.js';

/** One limit that a request asks for. */
export interface AskedLimit {
  readonly policy: CompiledPolicy;
  readonly subject: string;
  readonly cost: number;
}

/**
 * What a request asks of each policy.
 *
 * @throws InvalidClaimError when a policy has no subject
 */
export function limitsAskedBy(
  { subject, cost = 1 }: RateLimitRequest,
  policies: readonly CompiledPolicy[],
): readonly AskedLimit[] {
  return policies.map((policy) => {
    const { name } = policy;
    const own = typeof subject === 'string' ? subject : Object.hasOwn(subject, name) ? subject[name] : undefined;
    if (typeof own !== 'string' || own === '') {
      throw new InvalidClaimError(name, `The request has no subject for it. Say whose limit it is: "user:42".`);
    }
    const ownCost = typeof cost === 'number' ? cost : Object.hasOwn(cost, name) ? (cost[name] ?? 1) : 1;
    return { policy, subject: own, cost: ownCost };
  });
}

/** The claim of a limit on the store, or on that of this process alone. */
export function claimOf({ policy, subject, cost }: AskedLimit, lease: string | undefined, isLocal = false): LimitClaim {
  const rule = isLocal ? policy.localRule : policy.rule;
  const claim = { subject, policy: policy.name, rule, cost, isShadow: policy.isShadow };
  return rule.kind === 'concurrency' && lease !== undefined ? { ...claim, lease } : claim;
}

/** Whether one of the limits is of places, which are taken under a name. */
export function wantsPlaces(asked: readonly AskedLimit[]): boolean {
  return asked.some(({ policy, cost }) => policy.rule.kind === 'concurrency' && cost > 0);
}

/** The verdict of a store as callers are told of it. */
export function resultOf(
  { policy, subject }: AskedLimit,
  verdict: LimitVerdict,
  source: RateLimitSource,
  isDegraded: boolean,
): PolicyResult {
  const isDenial = !verdict.isAllowed;
  return {
    policy: policy.name,
    subject,
    isAllowed: verdict.isAllowed || policy.isShadow,
    isShadowDenial: isDenial && policy.isShadow,
    denial: isDenial ? (verdict.retryAfterUs === Infinity ? 'never' : 'limit') : undefined,
    limit: policy.limit,
    remaining: verdict.remaining,
    used: verdict.used,
    retryAfterMs: Math.ceil(verdict.retryAfterUs / 1_000),
    resetAfterMs: Math.ceil(verdict.resetAfterUs / 1_000),
    waitMs: Math.ceil(verdict.waitUs / 1_000),
    source,
    isDegraded,
  };
}
