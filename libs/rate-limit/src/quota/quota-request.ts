import type { Duration } from '@nest-strata/core';
import type { QuotaLimits } from './quota-definition.js';

/** Whose quota is asked for. */
export interface QuotaQuestion {
  /** Such as `42` or `tenant:7`; not empty. */
  readonly user: string;
  /** The name of a declared quota. */
  readonly quota: string;
  /** Replaces the declared limits for this request: those of the user's plan. What was used stays. */
  readonly limits?: QuotaLimits;
}

/** A request to a quota. */
export interface QuotaRequest extends QuotaQuestion {
  /** A whole number of 0 or more; default 1. 0 asks only. */
  readonly cost?: number;
  /**
   * Of the request, 1 to 128 characters, unique for the user in the quota: a repeated request is counted once. For the
   * retry of a call whose answer was lost.
   */
  readonly id?: string;
}

/** A request that is settled later. */
export interface QuotaReserveRequest extends QuotaRequest {
  /** After which time it is given back by itself. Default `'5m'`. */
  readonly ttl?: Duration;
}
