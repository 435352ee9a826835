import type { LimitClaim } from '../store/limit-store.port.js';

/**
 * A claim that no store admits. As all or nothing is taken, the claims beside it are judged with their costs, and nothing
 * is taken: that is how to ask whether a request would pass.
 */
export function neverClaim(subject: string): LimitClaim {
  const rate = { count: 1, perUs: 1 };
  const rule = { kind: 'leaky-bucket', limit: 1, windowUs: 1, burst: 1, rate } as const;
  return { subject, policy: '~never', rule, cost: 2, isShadow: false };
}
