import type { ResolvedEntryOptions } from '../entry/entry-options.js';
import { LOADED } from './read-outcome.js';
import type { ReadOutcome } from './read-outcome.js';
import type { Flight } from './single-flight.js';

/** Gives the callers of a flight the fallback for an error, where there is one, else the error. */
export function substituteFor(
  flight: Flight<ReadOutcome>,
  error: unknown,
  { fallback }: Pick<ResolvedEntryOptions, 'fallback'>,
  when: 'for now' | 'at last',
): void {
  if (fallback === undefined) {
    if (when === 'at last') flight.fail(error);
    else flight.dismiss(error);
    return;
  }
  const results = () => ({ ...LOADED, isStale: true, value: fallback(error) });
  if (when === 'at last') flight.settle(results);
  else flight.serve(results);
}
