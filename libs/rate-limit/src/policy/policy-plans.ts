import type { LimitPolicy } from './limit-policy.js';
import { checkPolicy } from './check-policy.js';
import { UnknownPolicyError } from './unknown-policy.error.js';

/** What a resolver is told of a request. */
export interface PolicyQuestion {
  /** Whose limits are asked for; with several subjects, that of each policy. */
  readonly subject: string | Readonly<Record<string, string>>;
  /** Whatever the caller gave with the request for the resolver: a user, a tenant, an HTTP request. */
  readonly context: unknown;
}

/** Policies, or names of policies that the limiter has. */
export type PolicySelection = readonly (string | LimitPolicy)[];

/** Says which policies apply to a request; called once for each, and only where the request does not say it itself. */
export type PolicyResolver = (question: PolicyQuestion) => PolicySelection | Promise<PolicySelection>;

/**
 * A resolver for limits by plan or tenant: `planOf` names the plan of a request, once.
 *
 * Policies of the same name in several plans are one limit that changes: whoever moves to another plan keeps what is
 * used.
 *
 * @throws InvalidPolicyError for a policy that is not valid; at the request, UnknownPolicyError for a plan that is not
 * there
 * @example
 * policiesByPlan(
 *   { free: [{ name: 'api', algorithm: 'leaky-bucket', limit: 60, window: '1m' }], pro: [...] },
 *   async ({ context }) => (context as User).plan,
 * );
 */
export function policiesByPlan<Plan extends string>(
  plans: Readonly<Record<Plan, PolicySelection>>,
  planOf: (question: PolicyQuestion) => Plan | Promise<Plan>,
): PolicyResolver {
  const selections = new Map<string, PolicySelection>(Object.entries<PolicySelection>(plans));
  for (const policy of [...selections.values()].flat()) if (typeof policy !== 'string') checkPolicy(policy);
  return async (question) => {
    const plan = await planOf(question);
    const selection = selections.get(plan);
    if (selection === undefined) throw new UnknownPolicyError('plan', plan, [...selections.keys()]);
    return selection;
  };
}
