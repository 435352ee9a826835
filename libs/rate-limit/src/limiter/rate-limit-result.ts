/** Where the decision on a policy came from. `memory`: known to be blocked; `fallback`: Redis was away. */
export type RateLimitSource = 'redis' | 'memory' | 'lease' | 'fallback';

/** How a request stands with one policy. Times are whole milliseconds, rounded up. */
export interface PolicyResult {
  readonly policy: string;
  readonly subject: string;
  readonly isAllowed: boolean;
  /** It would have denied, but only watches (`mode: 'shadow'`). */
  readonly isShadowDenial: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly used: number;
  /** The least time after which the same cost passes if nobody else takes anything; `Infinity`: it never will. */
  readonly retryAfterMs: number;
  /** The least time after which all is as new. */
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
  /** The longest of those that denied; 0 if allowed. */
  readonly retryAfterMs: number;
  readonly policies: readonly PolicyResult[];
}
