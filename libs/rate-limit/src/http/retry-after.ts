import type { Random } from '@nest-strata/core';

/** How `Retry-After` spreads the clients that were denied together. */
export interface RetryJitter {
  /** Up to this share of the wait is added by chance: 0.1 makes 10 s to 10 to 11 s. 0 adds nothing. */
  readonly jitter: number;
  readonly random: Random;
}

/**
 * The value of `Retry-After` (RFC 9110 §10.2.3) in whole seconds: never earlier than the wait, at least 1. `undefined`
 * where waiting does not help: then the header is not sent.
 */
export function retryAfterSeconds(retryAfterMs: number, spread?: RetryJitter): number | undefined {
  if (!Number.isFinite(retryAfterMs)) return undefined;
  const addedMs = spread === undefined ? 0 : retryAfterMs * spread.jitter * spread.random.fraction();
  return Math.max(1, Math.ceil((retryAfterMs + addedMs) / 1_000));
}
