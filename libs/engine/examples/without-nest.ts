/** The example of the engine's README, compiled. */
declare function findHero(id: number): Promise<{ readonly name: string } | undefined>;

// #region without-nest
import { CacheEngine, defaultTypes, JsonCodec } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';

const redis = createRedis({ url: 'redis://localhost:6379' });
const cache = CacheEngine.create(
  {
    namespace: ['storytime'],
    ttlMs: 3_600_000,
    memoryTtlMs: 1_000,
    jitter: 0.1,
    memory: { maxEntries: 10_000, maxBytes: 64 * 1024 * 1024, values: 'frozen' },
    codec: new JsonCodec(),
    types: defaultTypes,
    compression: { thresholdBytes: 1024, algorithm: 'brotli' },
    limits: { maxValueBytes: 1024 * 1024, maxKeyBytes: 1024 },
    enabled: true,
  },
  { redis }, // left out: memory alone
);

const hero = await cache.getOrSet('hero:1', () => findHero(1), { tags: ['heroes'] });
await cache.deleteByTag('heroes');
await redis.close();
// #endregion
export { hero };
