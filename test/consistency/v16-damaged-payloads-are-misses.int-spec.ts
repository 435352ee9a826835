import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CacheEngine, DEFAULT_CACHE_OPTIONS, JsonCodec } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import { NO_MEMORY } from './support/cache-settings.js';
import { verdictOf } from './support/kept.js';
import { expectKept } from './support/report.js';

const KEY = 'hero:1';
const OTHER_KEY = 'hero:2';
const HERO = { name: 'Mia', friends: ['Luna', 'Rex'] };

let server: RedisServer;
let redis: RedisPort;
let cache: CacheEngine;

beforeAll(async () => {
  server = await RedisServer.start();
  redis = createRedis({ url: server.url, deadline: '2s' });
  cache = CacheEngine.create(
    { ...DEFAULT_CACHE_OPTIONS, namespace: ['payloads'], codec: new JsonCodec(), memory: NO_MEMORY },
    { redis },
  );
});

afterAll(async () => {
  await cache.close();
  await redis.close();
  await server.stop();
});

const redisKey = (key: string): string => `strata:payloads:v:${key}`;

/** What the cache makes of these bytes under the key: the value, a miss, or what it threw. */
async function readAs(bytes: Buffer): Promise<unknown> {
  await redis.send('SET', [redisKey(KEY), bytes]);
  return cache.get(KEY).catch((error: unknown) => `threw ${String(error)}`);
}

describe('V16: bytes that are not exactly what was stored', () => {
  it('are a miss, whichever bit is flipped, wherever they end, and under whichever other key', async () => {
    await cache.set(KEY, HERO, { tags: ['heroes'] });
    await cache.set(OTHER_KEY, { name: 'Rex' });
    const [whole, other] = await redis.read([redisKey(KEY), redisKey(OTHER_KEY)]);
    if (!whole || !other) throw new Error('two entries were expected');
    expect(await readAs(whole)).toEqual(HERO);
    const failures: string[] = [];
    let count = 0;
    const expectMiss = async (bytes: Buffer, what: string): Promise<void> => {
      count++;
      const found = await readAs(bytes);
      if (found !== undefined) failures.push(`${what}: ${JSON.stringify(found)}`);
    };
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expectMiss(flipped, `bit ${String(bit)} flipped`);
    }
    for (let length = 0; length < whole.length; length++)
      await expectMiss(whole.subarray(0, length), `cut at ${String(length)}`);
    await expectMiss(other, 'the bytes of another key');
    await expectMiss(Buffer.concat([whole, whole]), 'twice');
    expect(await cache.getOrSet(KEY, () => 'loaded')).toBe('loaded');
    expect(await cache.get(KEY)).toBe('loaded');
    await expectKept('V16 damaged payloads are misses', count, verdictOf(count, failures));
  }, 60_000);
});
