import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedisServer } from '@nest-strata/testing';
import { DemoService } from './demo-service.js';
import { invalidationOnWrite } from './invalidation-on-write.js';
import { putUnderLoad } from './load.js';
import { redisOutage } from './redis-outage.js';
import { loadHead, loadRow } from './table.js';

const LOAD = { clients: 8, forMs: 2_500 };

const folder = await mkdtemp(join(tmpdir(), 'storytime-demo-'));
const redis = await RedisServer.start();
try {
  console.log(`\nStorytime with and without its cache: ${LOAD.clients} clients, one request after the other.`);
  console.log('Starting (a PostgreSQL embedded in this process, a Redis beside it)…\n');
  const kept = await demonstrate(redis);
  console.log(kept ? '\nNo request failed and no read was stale.\n' : '\nA promise was broken: see above.\n');
  process.exitCode = kept ? 0 : 1;
} finally {
  await redis.stop();
  await rm(folder, { recursive: true });
}

/** Runs the four scenarios; false when a request failed or a read was stale. */
async function demonstrate(redis: RedisServer): Promise<boolean> {
  const database = { DATABASE_URL: '', STORYTIME_DATA_DIR: folder };

  console.log(loadHead('1 and 2: what the cache saves'));
  {
    await using service = await DemoService.start({ ...database, CACHE_ENABLED: 'false' });
    await service.multiplyStories(5);
    console.log(loadRow('without cache', await putUnderLoad(service.http, LOAD), LOAD.forMs));
  }
  await using service = await DemoService.start({ ...database, CACHE_ENABLED: 'true', REDIS_URL: redis.url });
  console.log(loadRow('with cache: memory and Redis', await putUnderLoad(service.http, LOAD), LOAD.forMs));

  const isFresh = await invalidationOnWrite(service.http);
  const isServing = await redisOutage(service.http, redis, LOAD.clients);
  return isFresh && isServing;
}
