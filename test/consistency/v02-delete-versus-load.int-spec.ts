import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { RedisServer } from '@nest-strata/testing';
import { allRaces } from './support/all-races.js';
import { plainVerdict } from './support/plain-verdict.js';
import { CHANGES, LOAD_PATHS, runRace } from './support/race.js';
import type { Change, LoadPath } from './support/race.js';
import { RaceLab } from './support/race-lab.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';

/** How many orders are played of a case, evenly spread; of a `delete` during a load in the foreground, and in a soak, all. */
const ORDERS_IN_FOREGROUND = 360 * SCALE;
const ORDERS_ELSEWHERE = 40 * SCALE ** 2;
/** Races that go on at once, each with caches of its own. */
const LABS = 4;
const TIMEOUT_MS = 60_000 * SCALE;

let redis: RedisServer;
let labs: RaceLab[];

beforeAll(async () => {
  redis = await RedisServer.start();
  labs = await Promise.all(Array.from({ length: LABS }, (_, index) => RaceLab.start(redis, `race-${String(index)}`)));
});

afterAll(async () => {
  await Promise.all(labs.map((lab) => lab.stop()));
  await redis.stop();
});

async function expectNobodyReadsOld(path: LoadPath, change: Change): Promise<void> {
  const isForeground = path === LOAD_PATHS['in the foreground'];
  const maxCount = isForeground ? ORDERS_IN_FOREGROUND : ORDERS_ELSEWHERE;
  const schedules = allRaces(path, change, isForeground && change === CHANGES.delete ? Infinity : maxCount);
  const violations: string[] = [];
  let operations = 0;
  const run = async (lab: RaceLab): Promise<void> => {
    for (const schedule of schedules) {
      const { wrong, operations: count } = await runRace(lab, schedule);
      operations += count;
      const { order, joiner, isOwnChange, isTagKnown, staysAttentive } = schedule;
      const conditions = JSON.stringify({ joiner, isOwnChange, isTagKnown, staysAttentive });
      if (wrong.length > 0) violations.push(`${order.join(' ')} ${conditions}: ${wrong.join('; ')}`);
      if (violations.length > 5) return;
    }
  };
  // The next test has the labs for itself, also after one of them has failed.
  const outcomes = await Promise.allSettled(labs.map(run));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  await expectKept('V2 delete versus load', 0, plainVerdict(operations, violations));
}

describe.each(Object.entries<LoadPath>(LOAD_PATHS))('V2: what was loaded %s', (_, path) => {
  it.each(Object.entries<Change>(CHANGES))(
    'before %s is read by nobody who comes later, in whatever order they go',
    (__, change) => expectNobodyReadsOld(path, change),
    TIMEOUT_MS,
  );
});
