import { countOrders, enumerateOrders } from '@nest-strata/testing';
import type { Change, LoadPath, RaceSchedule, RaceStep } from './race.js';

const JOINERS = ['none', 'first', 'second'] as const;
const CONDITIONS_COUNT = 24;

/**
 * Races of a load with a change in all orders of their steps, or in so many of them, evenly spread. In each next one
 * something else is different, too: who changes, who joins, what is known before, and what is heard when.
 *
 * A commit comes right before the change and a loader reads the database as soon as it is called: if it came earlier or
 * read later, Redis would be asked for the same, and less could be outdated.
 */
export function* allRaces(
  path: LoadPath,
  change: Change,
  maxCount = Infinity,
): Generator<RaceSchedule, void, undefined> {
  const steps = stepsOf(path, change);
  const share = Math.min(1, maxCount / countOrders(steps));
  let seen = 0;
  let chosen = 0;
  for (const order of enumerateOrders(steps)) {
    if (Math.floor(++seen * share) === chosen) continue;
    chosen++;
    const condition = (seen * 7) % CONDITIONS_COUNT;
    yield {
      path,
      change,
      order,
      joiner: JOINERS[condition % 3] ?? 'none',
      isOwnChange: condition % 6 >= 3 && change.isForeign !== true,
      isTagKnown: condition % 12 >= 6,
      staysAttentive: condition >= 12,
    };
  }
}

/** What a program past the suite has done shows in the word of Redis alone, so that must be heard at once. */
function stepsOf(path: LoadPath, change: Change): RaceStep[][] {
  const load = Array.from({ length: path.stepCount }, (): RaceStep => 'load');
  const changes = Array.from({ length: change.stepCount }, (): RaceStep => 'change');
  return change.isForeign === true ? [load, changes] : [load, changes, ['hear']];
}
