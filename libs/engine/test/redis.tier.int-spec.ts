import { afterAll, beforeAll } from '@jest/globals';
import { SystemClock } from '@nest-strata/core';
import { EntryCodec, KeySpace } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { describeCacheTier, RedisServer } from '@nest-strata/testing';
import { RedisTier } from '../src/tiers/redis.tier.js';
import { ServerClock } from '../src/tiers/server-clock.js';

let server: RedisServer;
let redis: RedisPort;
let namespaces = 0;

beforeAll(async () => {
  server = await RedisServer.start();
  redis = createRedis({ url: server.url, deadline: '5s' });
  await redis.connect();
});

afterAll(async () => {
  await redis.close();
  await server.stop();
});

describeCacheTier('RedisTier', () => {
  const clock = new SystemClock();
  const keySpace = new KeySpace(`test-${String(namespaces++)}`);
  return { tier: new RedisTier(redis, keySpace, new EntryCodec(), new ServerClock(redis, clock), clock), clock };
});
