import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, it } from '@jest/globals';
import type { WorkerProcess } from '@nest-strata/testing';
import { CacheFleet } from './support/cache-fleet.js';
import { NO_MEMORY } from './support/cache-settings.js';
import type { CacheSettings, ReadOptions } from './support/cache-settings.js';
import type { CacheWorker } from './support/cache.worker.js';
import { plainVerdict } from './support/plain-verdict.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';

const PROCESSES = 3;
/** Refreshed at once in each round. */
const KEYS = 20;
const ROUNDS = SCALE;
const OLD = 1;
const NEW = 2;
/** Within it everybody has heard of a change. */
const HEALTHY_BOUND_MS = 50;
const TIMEOUT_MS = 30_000 * SCALE;

let fleet: CacheFleet;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: PROCESSES });
});

afterEach(() => fleet.heal());

afterAll(() => fleet.stop());

/** How a value comes to be loaded again behind the one that is served. */
interface Refresh {
  readonly stored: ReadOptions;
  readonly read: ReadOptions;
  /** How long to wait before a read begins it. */
  readonly dueAfterMs: number;
}

const AHEAD: Refresh = { stored: {}, read: { refreshAhead: 1e-9 }, dueAfterMs: 0 };
const BEHIND: Refresh = {
  stored: { ttl: '1ms', staleWhileRevalidate: '1h' },
  read: { staleWhileRevalidate: '1h' },
  dueAfterMs: 3,
};

const SETTINGS: [string, Refresh, NonNullable<CacheSettings['engine']>][] = [
  ['ahead of its end', AHEAD, {}],
  ['ahead of its end, without memory', AHEAD, { memory: NO_MEMORY }],
  ['ahead of its end, over the bus', AHEAD, { coherence: 'bus' }],
  ['ahead of its end, heard of by reads alone', AHEAD, { coherence: 'tracking-reads' }],
  ['behind a stale copy', BEHIND, {}],
  ['behind a stale copy, without memory', BEHIND, { memory: NO_MEMORY }],
];

type Change = (cache: string, keys: readonly string[], by: WorkerProcess<CacheWorker>) => Promise<unknown>;

const forEach =
  (change: (cache: string, key: string, by: WorkerProcess<CacheWorker>) => Promise<unknown>): Change =>
  (cache, keys, by) =>
    Promise.all(keys.map((key) => change(cache, key, by)));

const CHANGES: [string, Change][] = [
  ['deleted', forEach((cache, key, by) => by.call('delete', cache, key))],
  ['set', forEach((cache, key, by) => by.call('set', cache, key, NEW, { tags: [key] }))],
  ['set with a version', forEach((cache, key, by) => by.call('set', cache, key, NEW, { tags: [key], version: NEW }))],
  ['expired by hand', forEach((cache, key, by) => by.call('expire', cache, key))],
  ['deleted by tag', (cache, keys, by) => by.call('deleteByTag', cache, keys)],
  ['deleted by pattern', (cache, _, by) => by.call('deleteByPattern', cache, '*')],
  ['cleared', (cache, _, by) => by.call('clear', cache)],
];

/** Changes keys while their refreshes are under way, and looks in every tier of every process afterwards. */
async function changeDuringRefresh(cache: string, refresh: Refresh, change: Change, by: WorkerProcess<CacheWorker>) {
  const refresher = fleet.worker(0);
  const keys = Array.from({ length: KEYS }, () => fleet.newKey('refreshed'));
  for (const key of keys) fleet.database.commit(key);
  await Promise.all(keys.map((key) => refresher.call('set', cache, key, OLD, { tags: [key], ...refresh.stored })));
  await sleep(refresh.dueAfterMs);
  await Promise.all(keys.map((key) => fleet.all('lookup', cache, key)));

  fleet.database.loads.close();
  const reads = await Promise.all(
    keys.map((key) => refresher.call('getOrSet', cache, key, { tags: [key], ...refresh.read })),
  );
  await Promise.all(keys.map((key) => fleet.database.loads.arrival((load) => load.key === key)));
  for (const key of keys) fleet.database.commit(key);
  await change(cache, keys, by);
  await sleep(HEALTHY_BOUND_MS);
  fleet.database.loads.open();
  await untilIdle(cache);

  const wrong = reads.flatMap((value) => (value === OLD ? [] : [`a refresh was waited for and gave ${String(value)}`]));
  for (const worker of fleet.workers) {
    // Memory first, if it has a copy; what is there then comes from Redis.
    for (let time = 0; time < 2; time++) {
      const found = await Promise.all(keys.map((key) => worker.call('lookup', cache, key)));
      for (const [at, lookup] of found.entries()) {
        if (lookup.hit && lookup.value !== NEW) {
          wrong.push(`${worker.name} has ${String(lookup.value)} of ${keys[at] ?? ''} in ${lookup.tier}`);
        }
      }
    }
  }
  // One after the other: who asks while another loads may get the stale copy that `expire` leaves.
  const loaded = await Promise.all(keys.map((key) => refresher.call('getOrSet', cache, key, { tags: [key] })));
  const values = await Promise.all(keys.map((key) => fleet.all('getOrSet', cache, key, { tags: [key] })));
  if ([...loaded, ...values.flat()].some((value) => value !== NEW)) {
    wrong.push(`they load ${loaded.join(' ')}, then ${values.join(' ')}`);
  }
  return { operations: KEYS * (3 + 3 * PROCESSES), wrong };
}

/** Resolves once the refreshes are over: a load that is asked for afterwards is done. */
async function untilIdle(cache: string): Promise<void> {
  await fleet.all('getOrSet', cache, fleet.newKey('beside'));
  await sleep(5);
}

describe.each(SETTINGS)('V14: what is loaded %s', (cache, refresh, engine) => {
  beforeAll(() => fleet.open(cache, { engine, redis: { deadline: '2s' } }));

  afterAll(() => fleet.all('close', cache));

  describe.each([
    ['the same process', 0],
    ['another process', 1],
  ])('is in no tier once its key was, by %s meanwhile,', (_, by) => {
    it.each(CHANGES)(
      '%s',
      async (__, change) => {
        let operations = 0;
        const wrong: string[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          const result = await changeDuringRefresh(cache, refresh, change, fleet.worker(by));
          operations += result.operations;
          wrong.push(...result.wrong);
        }
        await expectKept('V14 refreshes are discarded', 0, plainVerdict(operations, wrong));
      },
      TIMEOUT_MS,
    );
  });
});
