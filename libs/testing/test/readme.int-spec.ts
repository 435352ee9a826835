import { createRedis } from '@nest-strata/redis';
import { ChaosRedisPort, Fleet, SeededRandom, staleAfterEvict, VersionedDatabase } from '@nest-strata/testing';
import type { HeroWorker } from './fixtures/hero.worker.js';
import { SOURCES } from './sources.js';
// #region quick-start
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { FaultProxy, RedisServer } from '@nest-strata/testing';
import { Redis } from 'ioredis';

let redis: RedisServer;
let network: FaultProxy;

beforeAll(async () => {
  redis = await RedisServer.start(); // a few milliseconds; nothing is shared, so nothing needs flushing
  network = await FaultProxy.start(redis);
});

afterEach(() => network.heal());

afterAll(async () => {
  await network.stop();
  await redis.stop();
});

it('fails fast when the network swallows everything', async () => {
  const client = new Redis(network.urlOf(redis.url), { commandTimeout: 200 });
  await client.set('hero', 'Ada');
  network.blackhole();
  await expect(client.get('hero')).rejects.toThrow('timed out');
  client.disconnect();
});
// #endregion

it('fails connections by what they do', async () => {
  const client = new Redis(network.urlOf(redis.url));
  const watcher = new Redis(network.urlOf(redis.url), { connectionName: 'watcher' });
  await watcher.subscribe('news');
  await client.set('hero', 'Ada');

  // #region connections
  network.where((connection) => connection.isSubscriber).blackhole(); // pushes are lost, commands are not
  const replies = network.where((connection) => connection.name !== 'watcher').hold();
  const read = client.get('hero');
  await replies.arrival('Ada'); // the reply is on its way: now is the moment for a write to overtake it
  replies.release();
  expect(await read).toBe('Ada');
  // #endregion
  client.disconnect();
  watcher.disconnect();
});

it('decides the order of what several processes do', async () => {
  // #region processes
  const database = new VersionedDatabase(); // the truth: a version for each key, in this process
  const fleet = await Fleet.start<HeroWorker>(new URL('./fixtures/hero.worker.ts', import.meta.url), {
    size: 2,
    dataOf: () => ({ url: redis.url }),
    answersFor: (index) => database.answersFor(`worker-${index}`),
    execArgv: SOURCES, // how Node runs TypeScript here; left out: as this process does
  });

  database.loads.close();
  const read = fleet.worker(0).call('read', 'Ada');
  await database.loads.arrival(); // its loader has read version 0, and waits
  const version = database.commit('Ada');
  await fleet.worker(1).call('evict', 'Ada', version);
  database.loads.open(); // only now does the load return
  expect(await read).toBe(0);
  expect(await fleet.all('read', 'Ada')).toEqual([1, 1]); // and its value was not kept

  const history = (await fleet.all('takeHistory')).flat();
  const verdict = staleAfterEvict(history, { healthyBoundMs: 50, faultBoundMs: 1_000 });
  expect(verdict.violations).toEqual([]);
  await fleet.stop();
  // #endregion
});

it('disturbs what is asked of Redis', async () => {
  // #region chaos
  const port = new ChaosRedisPort(createRedis({ url: redis.url }), { random: new SeededRandom(42) });
  await port.connect();
  const sets = port.gateCalls((call) => call.name === 'SET');
  const write = port.send('SET', ['hero', 'Grace']);
  await sets.arrival();
  expect(String((await port.read(['hero']))[0])).not.toBe('Grace');
  sets.open();
  await write;

  port.disturb({ refuse: 0.5, delayMs: { min: 0, max: 5 } }); // with this seed, always the same calls
  const calls = await Promise.allSettled(Array.from({ length: 100 }, () => port.read(['hero'])));
  expect(calls.some(({ status }) => status === 'rejected')).toBe(true);
  await port.close();
  // #endregion
});
