import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CacheFleet } from './support/cache-fleet.js';
import { NO_MEMORY } from './support/cache-settings.js';
import { expectKept } from './support/report.js';

const CALLS = 2_000;
const KEYS = 200;
/** The deadline, a load, and what a machine that does other things takes away. */
const LATE_MS = 50 + 10;
const BUSY_SHARE = 0.02;

let fleet: CacheFleet;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: 1 });
  await fleet.open('with memory');
  await fleet.open('without memory', { engine: { memory: NO_MEMORY } });
  // For what must be right each time: a machine that stands still for 50 ms must not look like a Redis that is late.
  await fleet.open(patient('with memory'), { redis: { deadline: '2s' } });
  await fleet.open(patient('without memory'), { engine: { memory: NO_MEMORY }, redis: { deadline: '2s' } });
});

afterEach(() => fleet.heal());

afterAll(() => fleet.stop());

/** The cache of this kind that gives Redis more time. */
const patient = (cache: string) => `${cache}, patient`;

interface Round {
  readonly waitsMs: readonly number[];
  readonly wrong: readonly string[];
}

/** Reads keys one after another, some of them cached, and notes how long each took. */
async function readThrough(cache: string): Promise<Round> {
  const waitsMs: number[] = [];
  const wrong: string[] = [];
  for (let call = 0; call < CALLS; call++) {
    const key = `key-${String(call % KEYS)}`;
    const startedAtMs = performance.now();
    const value = await fleet.worker(0).call('getOrSet', cache, key);
    waitsMs.push(performance.now() - startedAtMs);
    if (value !== 0) wrong.push(`${key} is ${String(value)}`);
  }
  return { waitsMs, wrong };
}

describe.each(['with memory', 'without memory'])('V6: whatever Redis does, a call %s', (cache) => {
  it.each<[string, () => void, () => Promise<void>]>([
    ['nothing is broken', () => undefined, async () => undefined],
    ['it hangs', () => fleet.redis.pause(), async () => fleet.redis.resume()],
    ['the network swallows everything', () => fleet.network(0).blackhole(), async () => fleet.network(0).heal()],
    ['replies are lost', () => fleet.network(0).drop('replies'), async () => fleet.network(0).heal()],
    ['replies come 150 ms late', () => fleet.network(0).delay(150), async () => fleet.network(0).heal()],
    ['replies come 600 ms late', () => fleet.network(0).delay(600), async () => fleet.network(0).heal()],
    ['connections are reset', () => fleet.network(0).resetConnections(), async () => undefined],
    ['its scripts are forgotten', () => void fleet.tellRedis('SCRIPT', 'FLUSH'), async () => undefined],
    [
      'it is out of memory',
      () => void fleet.tellRedis('CONFIG', 'SET', 'maxmemory', '1'),
      async () => {
        await fleet.tellRedis('CONFIG', 'SET', 'maxmemory', '0');
      },
    ],
  ])(
    'returns its value in time while %s',
    async (_, breakIt, mendIt) => {
      await fleet.worker(0).call('untilReady', cache);
      breakIt();
      const { waitsMs, wrong } = await readThrough(cache);
      await mendIt();
      const late = waitsMs.filter((waitMs) => waitMs > LATE_MS);
      await expectKept('V6 faults never escape', 1, {
        operations: waitsMs.length,
        violationCount: wrong.length,
        violations: wrong.map((message) => ({ message, events: [] })),
        bounds: [
          {
            when: 'always',
            boundMs: LATE_MS,
            sampleCount: waitsMs.length,
            lateCount: late.length,
            worstMs: Math.max(...waitsMs),
          },
        ],
      });
      expect(late.length).toBeLessThan(CALLS * BUSY_SHARE);
      await fleet.worker(0).call('untilReady', cache);
    },
    60_000,
  );

  it('works again at full speed once Redis is back', async () => {
    const measured = patient(cache);
    await fleet.worker(0).call('untilReady', measured);
    await fleet.redis.kill();
    await readThrough(measured);
    await fleet.redis.restart();
    const backAtMs = performance.now();
    await fleet.worker(0).call('untilReady', measured);
    expect(performance.now() - backAtMs).toBeLessThan(3_000);
    await sleep(50);
    const { stats } = await fleet.worker(0).call('report', measured);
    await readThrough(measured);
    const after = await fleet.worker(0).call('report', measured);
    expect(after.stats.loads - stats.loads).toBeLessThanOrEqual(KEYS);
    expect(after.stats.errors).toBe(stats.errors);
  }, 60_000);
});
