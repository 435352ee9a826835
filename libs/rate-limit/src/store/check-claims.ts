import { MAX_AMOUNT } from '../algorithms/stored-number.js';
import { InvalidClaimError } from './invalid-claim.error.js';
import type { LimitClaim } from './limit-store.port.js';

/**
 * Refuses claims whose numbers would not stay exact, and those that would overwrite each other.
 *
 * @throws InvalidClaimError
 */
export function checkClaims(claims: readonly LimitClaim[]): void {
  claims.forEach((claim, index) => {
    const problem = problemOf(claim) ?? problemAmong(claims, index, claim);
    if (problem !== undefined) throw new InvalidClaimError(claim.policy, problem);
  });
}

function problemOf({ subject, cost, rule, lease }: LimitClaim): string | undefined {
  if (typeof subject !== 'string' || subject === '') return 'The subject is empty. Say whose limit it is: "user:42".';
  if (!Number.isInteger(cost) || cost < 0 || cost > MAX_AMOUNT) {
    return `The cost is ${String(cost)}. Give a whole number from 0 to 2^52; 0 only asks.`;
  }
  if (rule.kind === 'concurrency' && cost > 0 && !lease) {
    return 'It takes a place and has no lease. Give `lease` a name under which the place is given back.';
  }
  return undefined;
}

function problemAmong(claims: readonly LimitClaim[], index: number, claim: LimitClaim): string | undefined {
  for (let before = 0; before < index; before++) {
    const other = claims[before];
    if (other?.policy === claim.policy && other.subject === claim.subject) {
      return `The subject claims it twice. Claim it once, with the sum of the costs.`;
    }
  }
  return undefined;
}
