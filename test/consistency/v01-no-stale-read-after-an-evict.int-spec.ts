import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { monotonicReads, readYourWrites, staleAfterEvict } from '@nest-strata/testing';
import type { ChangeWay } from './support/cache-action.js';
import { CacheFleet } from './support/cache-fleet.js';
import type { CacheSettings } from './support/cache-settings.js';
import { checkRandomly } from './support/check-randomly.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';
import { arbitrarySchedule, playSchedule } from './support/schedule.js';
import type { Schedule } from './support/schedule.js';

const TIMEOUT_MS = 120_000 * SCALE;
const PROCESSES = 4;
const ACTIONS_PER_WORKER = 4_000;
/** 7 schedules of 16 000 operations, half of them with faults. */
const QUIET_RUNS = 3;
const FAULTY_RUNS = 4;
const BOUNDS = { healthyBoundMs: 50, healthyShare: 0.999, faultBoundMs: 1_000, changes: ['evict', 'write'] } as const;
const EVICTS: readonly ChangeWay[] = ['delete', 'tag', 'pattern', 'clear'];
const VERSIONED: readonly ChangeWay[] = ['set', 'delete-version'];

let fleet: CacheFleet;
let checked = 0;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: PROCESSES });
});

afterEach(() => fleet.heal());

afterAll(() => fleet.stop());

/** Few keys are loaded anew all the time, which mends what a process has missed; of many it shows for long. */
const KEY_COUNTS = [20, 500];

/** Plays a schedule and checks what must hold of every history, and what of those without faults. */
async function expectKeptOver(
  cache: string,
  ways: readonly ChangeWay[],
  schedule: Schedule,
  keyCount = 20,
): Promise<void> {
  const { history, faultWindows } = await playSchedule(fleet, schedule, {
    cache,
    ways,
    actionsPerWorker: ACTIONS_PER_WORKER,
    actionsPerSecond: 4_000,
    concurrency: 16,
    keyCount,
    changeShare: 0.02,
  });
  const faults = schedule.faults.length;
  checked += history.length;
  await expectKept('V1 no stale read after an evict', faults, staleAfterEvict(history, { ...BOUNDS, faultWindows }));
  await expectKept('V11 read your writes', faults, readYourWrites(history));
  // A process that sets an older version late puts it in the place of one that a load has already shown.
  const areOnlyEvicts = !ways.includes('set');
  if (faults === 0 && areOnlyEvicts) await expectKept('V11 monotonic reads', 0, monotonicReads(history));
}

describe('V1: after an evict nobody reads what was there before', () => {
  it.each<[string, readonly ChangeWay[], CacheSettings]>([
    ['by keys, tags, patterns and clear', EVICTS, {}],
    ['by versions', VERSIONED, {}],
    [
      'with refreshes in the background',
      EVICTS,
      { engine: { refreshAhead: 0.01, staleWhileRevalidateMs: 60_000, ttlMs: 300 } },
    ],
    ['over the bus', EVICTS, { engine: { coherence: 'bus' } }],
    ['heard of by reads alone', EVICTS, { engine: { coherence: 'tracking-reads' } }],
  ])(
    '%s, while nothing is broken',
    async (name, ways, settings) => {
      const cache = `quiet-${name.replaceAll(/\W+/g, '-')}`;
      // A Redis that is late counts as away, and who loads for himself is ahead of it: a busy machine must not look so.
      await fleet.open(cache, { ...settings, redis: { deadline: '2s' } });
      const isMain = Object.keys(settings).length === 0;
      const runs = (isMain ? QUIET_RUNS : 1) * SCALE;
      for (let run = 0; run < runs; run++) {
        const schedule = { seed: run * PROCESSES, faults: [] };
        await expectKeptOver(cache, ways, schedule, KEY_COUNTS[run % KEY_COUNTS.length]);
      }
    },
    TIMEOUT_MS,
  );

  it.each<[string, readonly ChangeWay[]]>([
    ['by keys, tags, patterns and clear', EVICTS],
    ['by versions', VERSIONED],
  ])(
    '%s, under faults',
    async (name, ways) => {
      const cache = `faulty-${name.replaceAll(/\W+/g, '-')}`;
      await fleet.open(cache);
      await checkRandomly(arbitrarySchedule(PROCESSES, 3), (schedule) => expectKeptOver(cache, ways, schedule), {
        runs: (FAULTY_RUNS / 2) * SCALE,
        withinMs: 20_000 * SCALE,
      });
    },
    TIMEOUT_MS,
  );

  it('was checked over at least a hundred thousand operations', () => {
    expect(checked).toBeGreaterThan(100_000 * SCALE);
  });
});
