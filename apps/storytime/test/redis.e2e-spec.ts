import { afterAll, beforeAll, describe } from '@jest/globals';
import { PostgresServer, RedisServer } from '@nest-strata/testing';
import { describeApi } from './support/api.contract.js';
import { RunningStorytime } from './support/running-storytime.js';

describe('storytime on a PostgreSQL server, caching in memory and in Redis', () => {
  let postgres: PostgresServer;
  let redis: RedisServer;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([PostgresServer.start(), RedisServer.start()]);
  }, 120_000);

  afterAll(async () => {
    await Promise.all([postgres.stop(), redis.stop()]);
  });

  describeApi(() => RunningStorytime.start({ DATABASE_URL: postgres.url, REDIS_URL: redis.url }));
});
