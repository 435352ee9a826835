import type { PolicyResult, RateLimitResult } from './rate-limit-result.js';

/** The name of the `node:diagnostics_channel` that every {@link RateLimitEvent} is published on. */
export const RATE_LIMIT_CHANNEL = 'strata:rate-limit';

/** What a `RateLimiter` tells its listeners. Subjects may be personal: mind where they go. */
export type RateLimitEvent =
  | { readonly type: 'allowed' | 'denied'; readonly result: RateLimitResult }
  /** A policy that only watches would have denied. */
  | { readonly type: 'shadow-denied'; readonly result: PolicyResult }
  /** A subject was denied so often that it is blocked now. */
  | { readonly type: 'blocked'; readonly subject: string; readonly denials: number; readonly forMs: number }
  /** Redis did not answer, and `whenAway` decides; once, until it answers again. */
  | { readonly type: 'degraded'; readonly error: unknown }
  | { readonly type: 'recovered' }
  /** What was taken in memory while Redis was away is counted in Redis now; what is `lost` is not known to be. */
  | { readonly type: 'reconciled'; readonly subjects: number; readonly taken: number; readonly lost: number }
  /** Something failed behind a request, which nobody waits for. */
  | { readonly type: 'error'; readonly error: unknown };

export type RateLimitListener = (event: RateLimitEvent) => void;
