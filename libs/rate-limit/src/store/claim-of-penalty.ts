import type { LimitClaim } from './limit-store.port.js';

/** What a penalty takes: of places, which end with their leases, nothing; of all else what it says. */
export function claimOfPenalty(claim: LimitClaim): LimitClaim {
  return claim.rule.kind === 'concurrency' && claim.cost > 0 ? { ...claim, cost: 0 } : claim;
}
