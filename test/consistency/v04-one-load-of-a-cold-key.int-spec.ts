import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { singleFlight } from '@nest-strata/testing';
import { CacheFleet } from './support/cache-fleet.js';
import { NO_MEMORY } from './support/cache-settings.js';
import { expectKept } from './support/report.js';

const PROCESSES = 8;
const READS = 200;
/** A Redis that is late counts as away, and then every process loads for itself: a busy machine must not look like that. */
const PATIENT = { deadline: '2s' } as const;

let fleet: CacheFleet;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: PROCESSES });
});

afterEach(() => fleet.heal());

afterAll(() => fleet.stop());

describe('V4: a key that nobody has', () => {
  it.each([
    ['with memory', 100, {}],
    ['without memory', 25, { engine: { memory: NO_MEMORY } }],
    ['over the bus', 25, { engine: { coherence: 'bus' as const } }],
    ['heard of by reads alone', 25, { engine: { coherence: 'tracking-reads' as const } }],
  ])('is loaded once by 8 processes that each ask 200 times, %s, %d rounds', async (name, rounds, settings) => {
    const cache = name.replaceAll(' ', '-');
    await fleet.open(cache, { ...settings, redis: PATIENT });
    await fleet.takeHistory();
    for (let round = 0; round < rounds; round++) {
      const key = fleet.newKey('cold');
      fleet.database.commit(key);
      const values = await fleet.all('getOrSetTimes', cache, READS, key);
      expect(new Set(values.flat())).toEqual(new Set([1]));
    }
    const history = await fleet.takeHistory();
    expect(history.filter(({ op }) => op === 'load')).toHaveLength(rounds);
    expect(history.filter(({ op }) => op === 'read')).toHaveLength(rounds * PROCESSES * READS);
    await expectKept('V4 one load of a cold key', 0, singleFlight(history));
  });

  it('is loaded once each when several are asked for together, in overlapping batches', async () => {
    await fleet.open('batches', { redis: PATIENT });
    await fleet.takeHistory();
    const keys = Array.from({ length: 10 }, () => fleet.newKey('batch'));
    await Promise.all(
      fleet.workers.flatMap((worker, index) =>
        keys.map((_, at) => worker.call('getOrSet', 'batches', keys[(at + index) % keys.length] as string)),
      ),
    );
    const history = await fleet.takeHistory();
    expect(history.filter(({ op }) => op === 'load')).toHaveLength(keys.length);
    await expectKept('V4 one load of a cold key', 0, singleFlight(history));
  });
});
