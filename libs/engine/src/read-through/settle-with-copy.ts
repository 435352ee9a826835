import type { ValueKeeper } from '../memory/value-keeper.js';
import { outcomesOf } from './read-outcome.js';
import type { FoundCopy, ReadOutcome } from './read-outcome.js';
import type { Flight } from './single-flight.js';

/** Ends a flight with a copy that a tier had. */
export function settleWithCopy(flight: Flight<ReadOutcome>, copy: FoundCopy, keeper: ValueKeeper, isStale: boolean) {
  flight.settle(outcomesOf(copy, { tier: copy.tier, isStale }, keeper));
}
