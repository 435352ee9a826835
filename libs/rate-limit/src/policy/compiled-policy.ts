import type { LimitRule } from '../rule/limit-rule.js';
import { resolveRule } from '../rule/resolve-rule.js';
import { checkPolicy } from './check-policy.js';
import type { LimitPolicy, WhenAway } from './limit-policy.js';

/** A policy that is checked and ready to be judged. */
export interface CompiledPolicy {
  readonly policy: LimitPolicy;
  readonly name: string;
  readonly rule: LimitRule;
  /** The rule while this process counts alone. */
  readonly localRule: LimitRule;
  readonly isOff: boolean;
  readonly isShadow: boolean;
  readonly whenAway: WhenAway;
  /** How much can be taken at once at most. */
  readonly limit: number;
  /** Unlike that of every other policy of this process. */
  readonly revision: number;
}

let revisions = 0;

/**
 * @param localShare how much of the limit this process gives while it counts alone, above 0 to 1
 * @throws InvalidPolicyError
 */
export function compilePolicy(policy: LimitPolicy, whenAway: WhenAway, localShare: number): CompiledPolicy {
  checkPolicy(policy);
  const rule = resolveRule(policy);
  return Object.freeze({
    policy,
    name: policy.name,
    rule,
    localRule: localShare === 1 ? rule : resolveRule(scale(policy, localShare)),
    isOff: policy.mode === 'off',
    isShadow: policy.mode === 'shadow',
    whenAway: policy.whenAway ?? whenAway,
    limit: limitOf(rule),
    revision: ++revisions,
  });
}

/** What there is of a limit when nobody has taken anything. */
function limitOf(rule: LimitRule): number {
  switch (rule.kind) {
    case 'token-bucket':
      return rule.capacity;
    case 'leaky-bucket':
      return rule.burst;
    default:
      return rule.limit;
  }
}

function scale(policy: LimitPolicy, share: number): LimitPolicy {
  const part = (amount: number): number => Math.max(1, Math.floor(amount * share));
  switch (policy.algorithm) {
    case 'token-bucket':
      return { ...policy, capacity: part(policy.capacity), refill: part(policy.refill) };
    case 'leaky-bucket':
      return { ...policy, limit: part(policy.limit), burst: part(policy.burst ?? policy.limit) };
    default:
      return { ...policy, limit: part(policy.limit) };
  }
}
