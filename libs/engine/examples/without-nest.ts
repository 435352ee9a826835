/** The example of the engine's README, compiled. */
declare function findHero(id: number): Promise<{ readonly name: string } | undefined>;

// #region without-nest
import { CacheEngine, DEFAULT_CACHE_OPTIONS, JsonCodec } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';

const redis = createRedis({ url: 'redis://localhost:6379' });
const cache = CacheEngine.create(
  {
    ...DEFAULT_CACHE_OPTIONS,
    namespace: ['storytime'],
    codec: new JsonCodec(),
    jitter: 0.1,
    graceMs: 3_600_000,
    compression: { thresholdBytes: 1024, algorithm: 'brotli' },
  },
  { redis }, // left out: memory alone
);

const hero = await cache.getOrSet('hero:1', () => findHero(1), { tags: ['heroes'] });
await cache.deleteByTag('heroes');
await cache.close();
await redis.close();
// #endregion
export { hero };
