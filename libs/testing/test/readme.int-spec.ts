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
