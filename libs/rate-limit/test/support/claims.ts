import type { LimitPolicy } from '../../src/policy/limit-policy.js';
import { resolveRule } from '../../src/rule/resolve-rule.js';
import type { LimitRule } from '../../src/rule/limit-rule.js';
import type { LimitClaim } from '../../src/store/limit-store.port.js';

/** A policy without the name, which tests seldom care for. */
export type NamelessPolicy = LimitPolicy extends infer Policy
  ? Policy extends LimitPolicy
    ? Omit<Policy, 'name'>
    : never
  : never;

function ruleOf(policy: NamelessPolicy): LimitRule {
  return resolveRule({ name: 'p', ...policy });
}

/** A claim of `user:1` on a policy named after its algorithm, with cost 1. */
export function claimOf(policy: NamelessPolicy, details: Partial<LimitClaim> = {}): LimitClaim {
  const named = { subject: 'user:1', policy: policy.algorithm, cost: 1, isShadow: false, lease: 'lease' };
  return { ...named, rule: ruleOf(policy), ...details };
}

/** Each algorithm with a limit of 5, all of which are there at once. */
export const FIVE: readonly NamelessPolicy[] = [
  { algorithm: 'fixed-window', limit: 5, window: '1s' },
  { algorithm: 'fixed-window', limit: 5, window: '1s', anchor: 'subject' },
  { algorithm: 'sliding-window', limit: 5, window: '1s' },
  { algorithm: 'sliding-window', limit: 5, window: '1s', buckets: 1 },
  { algorithm: 'sliding-window', limit: 5, window: '1s', strict: true },
  { algorithm: 'sliding-log', limit: 5, window: '1s' },
  { algorithm: 'token-bucket', capacity: 5, refill: 3, every: '1s' },
  { algorithm: 'token-bucket', capacity: 5, refill: 3, every: '1s', mannerOfRefill: 'interval' },
  { algorithm: 'leaky-bucket', limit: 7, window: '1s', burst: 5 },
  { algorithm: 'leaky-bucket', limit: 5, window: '1s' },
];
