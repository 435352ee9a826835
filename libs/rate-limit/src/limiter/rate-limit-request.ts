import type { PolicySelection } from '../policy/policy-plans.js';

/** Whose limits are meant, and which. */
export interface RateLimitQuestion {
  /**
   * Whose limits they are, such as `user:42`; not empty. Or by the name of the policy, where they differ:
   * `{ 'per-user': 'user:42', 'per-address': 'ip:2001:db8::' }`.
   */
  readonly subject: string | Readonly<Record<string, string>>;
  /** Policies, or names of those that the limiter has. Default: what its resolver says, else all that it has. */
  readonly policies?: PolicySelection;
  /** For the resolver: a user, a tenant, an HTTP request. */
  readonly context?: unknown;
}

/** A request to the limits. */
export interface RateLimitRequest extends RateLimitQuestion {
  /** A whole number of 0 or more; default 1. 0 asks only. Or by the name of the policy; 1 for those that are not named. */
  readonly cost?: number | Readonly<Record<string, number>>;
  /** For `concurrency`: the name under which the place is given back. Default: a new one, see the result. */
  readonly lease?: string;
}

/** A request whose work is done by the limiter. */
export interface RateLimitRunRequest extends RateLimitRequest {
  /** Ends the wait for a turn; what was taken for it is given back. */
  readonly signal?: AbortSignal;
}
