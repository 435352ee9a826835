import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheFleet } from './support/cache-fleet.js';
import { verdictOf } from './support/kept.js';
import { expectKept } from './support/report.js';

const SHUTDOWN_MS = 3_000;
const LOAD = {
  actionCount: 1_000_000,
  keyCount: 20,
  keyPrefix: 'busy-',
  changeShare: 0.05,
  ways: ['delete', 'tag'],
} as const;

let fleet: CacheFleet;

beforeEach(async () => {
  fleet = await CacheFleet.start({ processes: 2 });
  await fleet.open('orders', { redis: { deadline: '2s' } });
});

afterEach(() => fleet.stop());

describe('V21: a process that is told to end', () => {
  it('ends in time under load, and its leases are free at once', async () => {
    const key = fleet.newKey();
    fleet.database.commit(key);
    fleet
      .worker(0)
      .call('playRandom', 'orders', { ...LOAD, seed: 1 }, { concurrency: 16 })
      .catch(() => undefined);
    await sleep(200);
    fleet.database.loads.close();
    fleet
      .worker(0)
      .call('getOrSet', 'orders', key)
      .catch(() => undefined);
    await fleet.database.loads.arrival((load) => load.key === key);
    const toldAtMs = performance.now();
    await fleet.worker(0).terminate();
    const tookMs = performance.now() - toldAtMs;
    fleet.database.loads.open();
    const waitsFromMs = performance.now();
    expect(await fleet.worker(1).call('getOrSet', 'orders', key)).toBe(1);
    const waitedMs = performance.now() - waitsFromMs;
    const failures = [
      ...(tookMs > SHUTDOWN_MS ? [`it took ${String(tookMs)} ms to end`] : []),
      ...(waitedMs > 500 ? [`its lease was held for ${String(waitedMs)} ms more`] : []),
    ];
    await expectKept('V21 shutdown drains', 1, verdictOf(2, failures));
    await fleet.restart(0);
  }, 30_000);

  it('repeats what Redis has not confirmed before it ends', async () => {
    const key = fleet.newKey();
    await fleet.open('late', { redis: { deadline: '30ms' } });
    fleet.database.commit(key);
    expect(await fleet.all('getOrSet', 'late', key)).toEqual([1, 1]);
    fleet.network(0).blackhole();
    fleet.database.commit(key);
    expect(await fleet.worker(0).call('delete', 'late', key, 2)).toMatchObject({ confirmed: false });
    setTimeout(() => fleet.network(0).heal(), 100);
    // What died in the blackhole is replaced within the liveness bound.
    await fleet.worker(0).call('close', 'late', 5_000);
    const failures = (await fleet.worker(1).call('getOrSet', 'late', key)) === 2 ? [] : ['the evict was lost'];
    await expectKept('V21 shutdown drains', 1, verdictOf(1, failures));
  }, 30_000);
});
