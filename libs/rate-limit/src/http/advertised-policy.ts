import { durationToMs } from '@nest-strata/core';
import type { LimitPolicy } from '../policy/limit-policy.js';

/** A policy as clients are told of it: `quota` of `unit` per `windowMs`. */
export interface AdvertisedPolicy {
  readonly name: string;
  readonly quota: number;
  /** In ms, with fractions; `undefined` where no time gives anything back. */
  readonly windowMs: number | undefined;
  readonly unit: 'requests' | 'concurrent-requests';
}

/**
 * What a client may rely on: for a bucket what can be taken at once, and how long it takes to fill. The policy has been
 * validated.
 */
export function advertise(policy: LimitPolicy): AdvertisedPolicy {
  const { name } = policy;
  switch (policy.algorithm) {
    case 'fixed-window':
    case 'sliding-window':
    case 'sliding-log':
    case 'leaky-queue':
      return { name, quota: policy.limit, windowMs: durationToMs(policy.window), unit: 'requests' };
    case 'token-bucket': {
      const windowMs = (policy.capacity / policy.refill) * durationToMs(policy.every);
      return { name, quota: policy.capacity, windowMs, unit: 'requests' };
    }
    case 'leaky-bucket': {
      const burst = policy.burst ?? policy.limit;
      return { name, quota: burst, windowMs: (burst / policy.limit) * durationToMs(policy.window), unit: 'requests' };
    }
    case 'concurrency':
      return { name, quota: policy.limit, windowMs: undefined, unit: 'concurrent-requests' };
  }
}

/**
 * The least time, in ms, after which a client has more than it has now, as far as the result tells: what it waits for
 * when it was denied; one token of a bucket; the end of a window. `undefined` where nobody can know: someone has to give
 * a place back, or the request asks for more than there ever is.
 */
export function moreAfterMs(policy: LimitPolicy, result: MoreAfter): number | undefined {
  if (!result.isAllowed || result.isShadowDenial) return finite(result.retryAfterMs);
  switch (policy.algorithm) {
    case 'fixed-window':
    case 'sliding-window':
    case 'sliding-log':
      return finite(result.resetAfterMs);
    case 'token-bucket': {
      const perTokenMs = durationToMs(policy.every) / (policy.mannerOfRefill === 'interval' ? 1 : policy.refill);
      return Math.min(result.resetAfterMs, perTokenMs);
    }
    case 'leaky-bucket':
    case 'leaky-queue':
      return Math.min(result.resetAfterMs, durationToMs(policy.window) / policy.limit);
    case 'concurrency':
      return undefined;
  }
}

/** What {@link moreAfterMs} looks at. */
export interface MoreAfter {
  readonly isAllowed: boolean;
  readonly isShadowDenial: boolean;
  readonly retryAfterMs: number;
  readonly resetAfterMs: number;
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined;
}
