import { setTimeout as sleep } from 'node:timers/promises';
import { LIVENESS_BOUND_MS } from '@nest-strata/engine';
import { readYourWrites, RedisServer } from '@nest-strata/testing';
import type { HistoryEvent } from '@nest-strata/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RecoveryServers } from '../../libs/engine/test/recovery-servers.js';
import { CacheFleet } from './support/cache-fleet.js';
import type { CacheSettings } from './support/cache-settings.js';
import { EvictRounds, staleAfterSettling } from './support/evict-rounds.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';

const PROCESSES = 3;
const ALL = [0, 1, 2];
const KEYS = 10 * SCALE;
/** How long Redis is away: longer than processes serve memory without it. */
const OUTAGE_MS = 1_100;
const TIMEOUT_MS = 60_000 * SCALE;

let fleet: CacheFleet;

afterEach(() => fleet.heal());

/** Reads a while longer than the bound, then checks: the process that evicted never served the old value, nobody does now. */
async function expectNothingLost(
  invariant: string,
  mendedNs: bigint,
  all: readonly EvictRounds[],
  before: readonly HistoryEvent[] = [],
): Promise<void> {
  const settledNs = process.hrtime.bigint();
  await sleep(LIVENESS_BOUND_MS + 50);
  for (const rounds of all) {
    await rounds.stopReading();
    await rounds.read();
  }
  const history = [...before, ...(await fleet.takeHistory())];
  await expectKept(invariant, 1, staleAfterSettling(history, { mendedNs, settledNs }));
  await expectKept(`${invariant}: the process that evicted`, 1, readYourWrites(history));
}

async function openCaches(rounds: EvictRounds, settings?: CacheSettings): Promise<void> {
  for (const cache of rounds.caches) await fleet.open(cache, settings);
}

describe('V7: an evict of any kind', () => {
  let redis: RedisServer;
  let rounds: EvictRounds;

  beforeAll(async () => {
    redis = await RedisServer.start({ persistent: true });
    fleet = await CacheFleet.start({ processes: PROCESSES, redis });
    rounds = new EvictRounds(fleet, 'outage', KEYS);
    await openCaches(rounds);
  });

  afterAll(async () => {
    await fleet.stop();
    await redis.stop();
  });

  it.each<[string, readonly number[], () => unknown, () => unknown]>([
    ['Redis is killed, and comes back with its data', ALL, () => redis.kill(), () => redis.restart()],
    ['Redis hangs', ALL, () => redis.pause(), () => redis.resume()],
    ['the network swallows everything', [0], () => fleet.network(0).blackhole(), () => fleet.network(0).heal()],
    ['replies are lost', [0], () => fleet.network(0).drop('replies'), () => fleet.network(0).heal()],
  ])(
    'comes into force everywhere after %s',
    async (_, evicting, breakIt, mendIt) => {
      await rounds.fill();
      await breakIt();
      await rounds.change(evicting);
      rounds.startReading();
      await sleep(OUTAGE_MS);
      const waiting = (await fleet.worker(0).call('report', rounds.cacheOf('delete'))).pendingEvicts;
      expect(waiting.count).toBeGreaterThanOrEqual(KEYS / PROCESSES - 1);
      expect(waiting.oldestAgeMs).toBeGreaterThan(OUTAGE_MS / 2);
      await mendIt();
      const mendedNs = process.hrtime.bigint();
      await rounds.until(({ pendingEvicts }) => pendingEvicts.count === 0);
      await expectNothingLost('V7 no lost evict in an outage', mendedNs, [rounds]);
    },
    TIMEOUT_MS,
  );

  it('is settled by a process that is closed meanwhile', async () => {
    await rounds.fill();
    redis.pause();
    await rounds.change([0]);
    const closed = Promise.all(rounds.caches.map((cache) => fleet.worker(0).call('close', cache, 10_000)));
    await sleep(300);
    redis.resume();
    const mendedNs = process.hrtime.bigint();
    await closed;
    await Promise.all(rounds.caches.map((cache) => fleet.worker(0).call('open', cache)));
    rounds.startReading();
    await expectNothingLost('V7 no lost evict at shutdown', mendedNs, [rounds]);
  }, 60_000);

  it('that is lost with its process is not missed where Redis comes back empty', async () => {
    const emptied = await RedisServer.start();
    const own = await CacheFleet.start({ processes: 2, redis: emptied });
    await own.open('emptied');
    const keys = Array.from({ length: KEYS }, () => own.newKey());
    for (const key of keys) own.database.commit(key);
    for (let times = 0; times < 3; times++) for (const key of keys) await own.all('getOrSet', 'emptied', key);
    await emptied.kill();
    for (const key of keys) await own.worker(0).call('delete', 'emptied', key, own.database.commit(key));
    const evicts = await own.takeHistory();
    await own.worker(0).kill();
    await emptied.restart();
    const mendedNs = process.hrtime.bigint();
    await own.worker(1).call('untilReady', 'emptied');
    const settledNs = process.hrtime.bigint();
    for (let times = 0; times < 3; times++) {
      for (const key of keys) await own.worker(1).call('get', 'emptied', key);
      await sleep(LIVENESS_BOUND_MS / 2);
    }
    const values = await Promise.all(keys.map((key) => own.worker(1).call('getOrSet', 'emptied', key)));
    const history = [...evicts, ...(await own.takeHistory())];
    await own.stop();
    await emptied.stop();
    await expectKept('V7 no lost evict over an emptied Redis', 1, staleAfterSettling(history, { mendedNs, settledNs }));
    expect(new Set(values)).toEqual(new Set([2]));
  }, 60_000);
});

describe('V7: an evict that Redis had acknowledged and a failover lost', () => {
  let servers: RecoveryServers;

  afterAll(async () => {
    await fleet.stop();
    await servers[Symbol.asyncDispose]();
  });

  it(
    'is repeated by who did it; where the new server is too old, or nobody could repeat it, all is cleared',
    async () => {
      servers = await RecoveryServers.start();
      fleet = await CacheFleet.start({ processes: PROCESSES, redis: servers.primary, entrance: servers.entrance });
      const replayed = new EvictRounds(fleet, 'replayed', KEYS);
      const cleared = new EvictRounds(fleet, 'cleared', KEYS);
      const both = [replayed, cleared];
      await openCaches(replayed);
      await openCaches(cleared, { engine: { recovery: { failoverWindowMs: 200, maxPendingEvicts: 10_000 } } });
      for (const rounds of both) await rounds.fill();
      // Every cache has left a heartbeat that the replica has, too.
      await sleep(1_100);
      for (const rounds of both) await rounds.read();
      await servers.replicated();
      servers.cutReplication();

      await cleared.change([0]);
      const before = await fleet.takeHistory();
      await fleet.worker(0).kill();
      for (const rounds of both) rounds.startReading();
      // Who asks Redis now leaves a heartbeat, which the replica does not get.
      await sleep(1_100);
      for (const cache of cleared.caches)
        for (const worker of [1, 2]) await fleet.worker(worker).call('get', cache, fleet.newKey('other'));
      await replayed.change([1, 2]);
      for (const rounds of both) await rounds.until(({ pendingEvicts }) => pendingEvicts.count === 0);
      await servers.failOver();
      const mendedNs = process.hrtime.bigint();
      for (const rounds of both) {
        await rounds.until(({ events, pendingEvicts }) => (events.failover ?? 0) > 0 && pendingEvicts.count === 0);
      }
      await expectNothingLost('V7 no lost evict in a failover', mendedNs, both, before);
    },
    TIMEOUT_MS,
  );
});
