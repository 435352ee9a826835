// #region quick-start
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FaultProxy, RedisServer } from '@nest-strata/testing';
import { Redis } from 'ioredis';

let redis: RedisServer;
let network: FaultProxy;

beforeAll(async () => {
  redis = await RedisServer.start(); // a few milliseconds; nothing is shared, so nothing needs flushing
  network = await FaultProxy.start(redis);
});

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
