import { afterAll, beforeAll } from '@jest/globals';
import { SystemClock } from '@nest-strata/core';
import { EntryCodec, KeySpace } from '@nest-strata/engine';
import { describeCacheTier } from '@nest-strata/testing';
import { RedisTier } from '../src/tiers/redis.tier.js';
import { ServerClock } from '../src/tiers/server-clock.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;
let namespaces = 0;

beforeAll(async () => {
  redis = await SharedRedis.start({ deadline: '5s' });
});

afterAll(() => redis.stop());

describeCacheTier('RedisTier', () => {
  const clock = new SystemClock();
  const keySpace = new KeySpace(`test-${String(namespaces++)}`);
  return {
    tier: new RedisTier(redis.port, keySpace, new EntryCodec(), new ServerClock(redis.port, clock), clock),
    clock,
  };
});
