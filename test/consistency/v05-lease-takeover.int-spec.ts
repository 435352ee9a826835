import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { staleAfterEvict } from '@nest-strata/testing';
import { CacheFleet } from './support/cache-fleet.js';
import { expectKept } from './support/report.js';

/** A lease that is not renewed lives as long, and Redis tells of its end within its cycle. */
const TAKEOVER_MS = 2_000 + 500;
const PATIENT = { redis: { deadline: '2s' }, engine: { lockTimeoutMs: 20_000 } } as const;

let fleet: CacheFleet;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: 4 });
  await fleet.open('leases', PATIENT);
});

afterEach(() => fleet.heal());

afterAll(() => fleet.stop());

/** Has one worker begin to load a key, and the others wait for it; returns what they wait for. */
async function holdAndWait(holder: number): Promise<{ key: string; waiting: Promise<(number | undefined)[]> }> {
  const key = fleet.newKey('held');
  fleet.database.commit(key);
  fleet.database.loads.close();
  fleet
    .worker(holder)
    .call('getOrSet', 'leases', key)
    .catch(() => undefined);
  await fleet.database.loads.arrival((load) => load.key === key);
  const others = fleet.workers.filter((_, index) => index !== holder);
  const waiting = Promise.all(others.map((worker) => worker.call('getOrSet', 'leases', key)));
  await sleep(100);
  expect(fleet.database.loads.waiting.filter((load) => load.key === key)).toHaveLength(1);
  return { key, waiting };
}

describe('V5: a load whose process', () => {
  it.each([1, 2, 3])('is killed is taken over by one of those who wait (round %d)', async () => {
    const { key, waiting } = await holdAndWait(0);
    const killedAtMs = performance.now();
    await fleet.worker(0).kill();
    const next = await fleet.database.loads.arrival((load) => load.key === key && load.process !== 'worker-0');
    expect(performance.now() - killedAtMs).toBeLessThan(TAKEOVER_MS);
    fleet.database.commit(key);
    fleet.database.loads.open();
    expect(await waiting).toEqual([1, 1, 1]);
    expect(next.version).toBe(1);
    await fleet.restart(0);
    await fleet.worker(0).call('untilReady', 'leases');
    const loads = (await fleet.takeHistory()).filter((event) => event.op === 'load' && event.key === key);
    expect(loads.map(({ process }) => process)).toEqual(['worker-0', next.process]);
    expect(await fleet.all('get', 'leases', key)).toEqual([1, 1, 1, 1]);
  });

  it('is stopped loses the lease, and its late value is not stored', async () => {
    const { key, waiting } = await holdAndWait(1);
    fleet.worker(1).pause();
    const next = await fleet.database.loads.arrival((load) => load.key === key && load.process !== 'worker-1');
    fleet.database.commit(key);
    fleet.database.loads.release((load) => load.process === next.process);
    expect(await waiting).toEqual([1, 1, 1]);
    fleet.database.commit(key);
    await fleet.worker(0).call('delete', 'leases', key, 3);
    fleet.database.loads.open();
    fleet.worker(1).resume();
    await sleep(300);
    expect(await fleet.all('getOrSet', 'leases', key)).toEqual([3, 3, 3, 3]);
    const history = await fleet.takeHistory();
    await expectKept(
      'V5 a lost lease stores nothing',
      1,
      staleAfterEvict(
        history.filter((event) => event.key === key),
        { healthyBoundMs: 1_000, faultBoundMs: 1_000 },
      ),
    );
  });

  it('is closed in order gives its lease back at once', async () => {
    const { key, waiting } = await holdAndWait(2);
    const closedAtMs = performance.now();
    await fleet.worker(2).call('close', 'leases', 100);
    await fleet.database.loads.arrival((load) => load.key === key && load.process !== 'worker-2');
    expect(performance.now() - closedAtMs).toBeLessThan(1_000);
    fleet.database.loads.open();
    expect(await waiting).toEqual([1, 1, 1]);
    await fleet.worker(2).call('open', 'leases', PATIENT);
    await fleet.worker(2).call('untilReady', 'leases');
  });
});
