import { setTimeout as sleep } from 'node:timers/promises';
import { LIVENESS_BOUND_MS } from '@nest-strata/engine';
import { readYourWrites, SeededRandom, staleAfterEvict } from '@nest-strata/testing';
import type { Verdict } from '@nest-strata/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChangeWay } from './support/cache-action.js';
import { CacheFleet } from './support/cache-fleet.js';
import { NO_MEMORY } from './support/cache-settings.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';
import { playSchedule } from './support/schedule.js';

const MINUTES_10 = 600_000;
const SKEWS_MS = [-MINUTES_10, 0, MINUTES_10];
const PROCESSES = SKEWS_MS.length;
const TIMEOUT_MS = 60_000 * SCALE;
/** A Redis that is late counts as away, and who loads for himself is ahead of it: a busy machine must not look so. */
const PATIENT = { deadline: '2s' } as const;
const EVICTS: readonly ChangeWay[] = ['delete', 'tag', 'pattern', 'clear'];
const TIERS = [
  ['in memory over Redis', 'memory'],
  ['in Redis', 'redis'],
] as const;

let fleet: CacheFleet;
let jumps = 0;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: PROCESSES, wallClockOffsetMsOf: (index) => SKEWS_MS[index] ?? 0 });
  await fleet.open('memory', { redis: PATIENT });
  await fleet.open('redis', { redis: PATIENT, engine: { memory: NO_MEMORY } });
});

afterEach(async () => {
  fleet.heal();
  for (const [index, worker] of fleet.workers.entries()) await worker.setWallClockOffset(SKEWS_MS[index] ?? 0);
});

afterAll(() => fleet.stop());

/** Turns all clocks forwards or backwards at once, by other amounts. */
async function jump(random: SeededRandom): Promise<void> {
  const anyOffsetMs = (): number => Math.round((2 * random.fraction() - 1) * MINUTES_10);
  await Promise.all(fleet.workers.map((worker) => worker.setWallClockOffset(anyOffsetMs())));
  jumps += PROCESSES;
}

/** Turns clocks while something is done; returns what came of it. */
async function whileJumping<Result>(seed: number, doing: Promise<Result>): Promise<Result> {
  const random = new SeededRandom(seed);
  const jumping = new AbortController();
  const done = doing.finally(() => jumping.abort());
  while (!jumping.signal.aborted) {
    await jump(random);
    await Promise.race([sleep(50), done]);
  }
  return done;
}

function verdictOf(operations: number, wrong: readonly string[]): Verdict {
  const violations = wrong.map((message) => ({ message, events: [] }));
  return { operations, violationCount: wrong.length, violations, bounds: [] };
}

describe.each(TIERS)('V10: with clocks that are wrong by ten minutes and jump, %s', (_, cache) => {
  it(
    'nobody reads what was there before an evict',
    async () => {
      const playing = playSchedule(
        fleet,
        { seed: 10, faults: [] },
        {
          cache,
          ways: EVICTS,
          actionsPerWorker: 2_000 * SCALE,
          actionsPerSecond: 2_000,
          concurrency: 8,
          keyCount: 20,
          changeShare: 0.03,
        },
      );
      const { history, faultWindows } = await whileJumping(1, playing);
      const bounds = { healthyBoundMs: 50, healthyShare: 0.999, faultBoundMs: 1_000, faultWindows };
      await expectKept('V10 no stale read, whatever the clocks say', jumps, staleAfterEvict(history, bounds));
      await expectKept('V10 read your writes, whatever the clocks say', jumps, readYourWrites(history));
      // The history is no failure to cache: most reads need no load.
      const count = (op: string): number => history.filter((event) => event.op === op).length;
      expect(count('load')).toBeLessThan(count('read') / 2);
    },
    TIMEOUT_MS,
  );

  it('a load stores nothing that was evicted while it ran', async () => {
    const wrong: string[] = [];
    let rounds = 0;
    const random = new SeededRandom(2);
    const takeRound = async (loading: number, evicting: number, way: ChangeWay): Promise<void> => {
      const key = fleet.newKey('raced');
      fleet.database.commit(key);
      fleet.database.loads.close();
      const read = fleet.worker(loading).call('getOrSet', cache, key, { tags: [key] });
      await fleet.database.loads.arrival((load) => load.key === key);
      await jump(random);
      await fleet.worker(evicting).call('play', cache, [{ do: 'change', key, by: way }]);
      fleet.database.loads.open();
      await read;
      const values = await fleet.all('getOrSet', cache, key, { tags: [key] });
      if (values.some((value) => value !== 2)) wrong.push(`After ${way} "${key}" is ${values.join()}`);
      rounds++;
    };
    for (let loading = 0; loading < PROCESSES; loading++) {
      for (let evicting = 0; evicting < PROCESSES; evicting++) {
        for (const way of EVICTS) await takeRound(loading, evicting, way);
      }
    }
    await expectKept('V10 delete versus load, whatever the clocks say', rounds, verdictOf(rounds * PROCESSES, wrong));
  });

  it('deleteByTag takes what carries the tag, and nothing else', async () => {
    const wrong: string[] = [];
    let looks = 0;
    const random = new SeededRandom(3);
    for (let round = 0; round < 5 * SCALE; round++) {
      const tags = [0, 1, 2, 3].map(() => fleet.newKey('tag'));
      const entries = Array.from({ length: 60 }, (__, at) => ({
        key: fleet.newKey('tagged'),
        tags: tags.filter(() => random.fraction() < 0.4),
        by: at % PROCESSES,
      }));
      await Promise.all(
        entries.map(({ key, tags: own, by }) => fleet.worker(by).call('set', cache, key, 7, { tags: own })),
      );
      await jump(random);
      const keys = entries.map(({ key }) => key);
      await fleet.all('getMany', cache, keys);
      const gone = tags.slice(0, 2);
      await fleet.worker(round % PROCESSES).call('deleteByTag', cache, gone);
      const expected = entries.map((entry) => (entry.tags.some((tag) => gone.includes(tag)) ? undefined : 7));
      const deletedAtMs = performance.now();
      let differing: string[];
      do {
        const found = await fleet.all('getMany', cache, keys);
        differing = found.flatMap((values, worker) =>
          values.flatMap((value, at) =>
            value === expected[at] ? [] : [`worker-${worker} has ${String(value)} under "${keys[at] ?? ''}"`],
          ),
        );
        looks += PROCESSES * keys.length;
      } while (differing.length > 0 && performance.now() < deletedAtMs + LIVENESS_BOUND_MS);
      wrong.push(...differing);
    }
    await expectKept('V10 tag completeness, whatever the clocks say', jumps, verdictOf(looks, wrong));
  });

  it('an entry lives as long as it is to, neither ends with all others nor lives for ever', async () => {
    const TTL_MS = 1_500;
    const wrong: string[] = [];
    let looks = 0;
    const random = new SeededRandom(4);
    const keys = Array.from({ length: 30 }, () => fleet.newKey('mortal'));
    const setAtMs = performance.now();
    await Promise.all(
      keys.map((key, at) => fleet.worker(at % PROCESSES).call('set', cache, key, 1, { ttl: `${TTL_MS}ms` })),
    );
    const allSetAtMs = performance.now();
    const look = async (expected: number | undefined): Promise<void> => {
      await jump(random);
      const all = await fleet.all('getMany', cache, keys);
      const atMs = performance.now();
      // A machine that was too busy to look in time has seen nothing.
      if (expected !== undefined && atMs >= setAtMs + TTL_MS - 100) return;
      for (const [worker, values] of all.entries()) {
        for (const [at, value] of values.entries()) {
          looks++;
          if (value === expected) continue;
          const when = `${(atMs - setAtMs).toFixed(0)} ms after it was set for ${TTL_MS} ms`;
          wrong.push(`worker-${worker} has ${String(value)} under "${keys[at] ?? ''}" ${when}`);
        }
      }
    };
    while (performance.now() < setAtMs + TTL_MS - 200) await look(1).then(() => sleep(50));
    expect(looks).toBeGreaterThan(0);
    await sleep(allSetAtMs + TTL_MS + 300 - performance.now());
    for (let times = 0; times < 3; times++) await look(undefined);
    await expectKept('V10 times to live, whatever the clocks say', jumps, verdictOf(looks, wrong));
  });
});
