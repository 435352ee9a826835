import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { CacheFleet } from './support/cache-fleet.js';
import { verdictOf } from './support/kept.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';
import { playSchedule } from './support/schedule.js';

const ACTIONS_PER_WORKER = 3_000 * SCALE;

let fleet: CacheFleet;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: 3 });
});

afterAll(() => fleet.stop());

describe('V20: the statistics of every process', () => {
  it.each([
    ['quiet', []],
    ['faulty', [{ afterMs: 100, fault: { kind: 'pause-redis', forMs: 400 } }] as const],
  ])(
    'add up to what it did (%s)',
    async (name, faults) => {
      await fleet.open(name, { engine: { graceMs: 60_000 } });
      const { history } = await playSchedule(
        fleet,
        { seed: 7, faults },
        {
          cache: name,
          actionsPerWorker: ACTIONS_PER_WORKER,
          actionsPerSecond: 2_000,
          concurrency: 8,
          keyCount: 30,
          changeShare: 0.05,
          ways: ['delete', 'tag', 'clear'],
        },
      );
      const failures: string[] = [];
      for (const worker of fleet.workers) {
        const { stats } = await worker.call('report', name);
        const own = history.filter(({ process }) => process === worker.name);
        // A lookup counts nothing; it is the one that is told its tier, or nothing.
        const reads = own.filter(
          ({ op, tier, version }) => op === 'read' && tier === undefined && version !== undefined,
        );
        const loads = own.filter(({ op }) => op === 'load');
        const check = (what: string, counted: number, done: number): void => {
          if (counted !== done)
            failures.push(`${worker.name}: ${what}: ${String(counted)} counted, ${String(done)} done`);
        };
        check('hits + misses = reads', stats.hits + stats.misses, reads.length);
        check('loads', stats.loads, loads.length);
        if (stats.staleHits > stats.hits) failures.push(`${worker.name}: more stale hits than hits`);
        if (stats.loadFailures !== 0) failures.push(`${worker.name}: loads failed`);
      }
      await expectKept('V20 statistics add up', faults.length, verdictOf(history.length, failures));
    },
    60_000 * SCALE,
  );
});
