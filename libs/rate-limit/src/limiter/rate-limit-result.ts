import type { LimitPolicy } from '../policy/limit-policy.js';

/**
 * Where the decision on a policy came from. `memory`: that of this process, which has no Redis, or knows the subject to be
 * blocked; `lease`: what this process has taken in advance; `fallback`: Redis was away.
 */
export type RateLimitSource = 'redis' | 'memory' | 'lease' | 'fallback';

/**
 * Why a policy denies: its `limit` is reached; the request costs more than it `never` gives at once; Redis is away, and
 * the policy is closed then.
 */
export type DenialReason = 'limit' | 'never' | 'redis-away';

/** How a request stands with one policy. Times are whole milliseconds, rounded up. */
export interface PolicyResult {
  readonly policy: string;
  readonly subject: string;
  /** Whether the policy admits the request; one that only watches does always. */
  readonly isAllowed: boolean;
  /** It would have denied, but only watches (`mode: 'shadow'`). */
  readonly isShadowDenial: boolean;
  /** Why it denies, or would deny; `undefined` if it does not. */
  readonly denial: DenialReason | undefined;
  readonly limit: number;
  readonly remaining: number;
  readonly used: number;
  /** The least time after which the same cost passes if nobody else takes anything; `Infinity`: it never will. */
  readonly retryAfterMs: number;
  /** The least time after which all is as new; `Infinity` where time alone changes nothing. */
  readonly resetAfterMs: number;
  /** How long to wait before going on (leaky queue); else 0. */
  readonly waitMs: number;
  readonly source: RateLimitSource;
  /** Redis was away, and the policy's `whenAway` decided: the numbers are those of this process, or none. */
  readonly isDegraded: boolean;
}

/** The outcome of a request, over all of its policies. */
export interface RateLimitResult {
  readonly isAllowed: boolean;
  /** The subject is blocked for a while, because it was denied too often; `policies` may then all allow. */
  readonly isBlocked: boolean;
  /** The longest of those that denied; 0 if allowed. */
  readonly retryAfterMs: number;
  /** How long to wait before going on (leaky queue), the longest; else 0. */
  readonly waitMs: number;
  /** Under which name places were taken (concurrency), to be given back by `release`; `undefined` where none was. */
  readonly lease: string | undefined;
  /** Redis was away for at least one of the policies. */
  readonly isDegraded: boolean;
  /**
   * In the order of the request. Where the answer came from memory because the subject is known to be blocked, only
   * those that deny.
   */
  readonly policies: readonly PolicyResult[];
  /** All policies that were asked for, as they are declared; those that are off aside. For headers. */
  readonly declared: readonly LimitPolicy[];
}
