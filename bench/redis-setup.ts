import { CacheEngine } from '@nest-strata/engine';
import { createRedis, loadIoredis } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import { cacheOptions, keys } from './fixtures.js';
import { sampleValue } from './sample-value.js';

/** What is used of the bare client, of the very ioredis that Strata uses. */
interface RawClient {
  get(key: string): Promise<string | null>;
  mget(keys: string[]): Promise<(string | null)[]>;
  set(key: string, value: string, unit: 'PX', ttlMs: number): Promise<unknown>;
  disconnect(): void;
}

/** A server that holds a value under each key: as plain JSON for the bare client, and as an entry of the cache. */
export interface RedisSetup extends AsyncDisposable {
  readonly raw: RawClient;
  /** Without a memory tier, so that every read goes to Redis. */
  readonly cache: CacheEngine;
}

const KEYS_PER_WRITE = 100;

export async function setUpRedis(): Promise<RedisSetup> {
  const server = await RedisServer.start();
  const Client = (await loadIoredis()) as unknown as new (options: object) => RawClient;
  const raw = new Client({ host: '127.0.0.1', port: server.port });
  const redis = createRedis({ url: server.url, deadline: '5s' });
  await redis.connect();
  const cache = CacheEngine.create(cacheOptions({ maxEntries: 0, maxBytes: 0, values: 'frozen' }), { redis });
  for (const [index, key] of keys.entries()) {
    await raw.set(key, JSON.stringify(sampleValue(index)), 'PX', 3_600_000);
    if (index % KEYS_PER_WRITE > 0) continue;
    const slice = keys.slice(index, index + KEYS_PER_WRITE);
    await cache.setMany(slice.map((sliceKey, offset) => [sliceKey, sampleValue(index + offset)]));
  }
  return {
    raw,
    cache,
    async [Symbol.asyncDispose]() {
      await redis.close();
      raw.disconnect();
      await server[Symbol.asyncDispose]();
    },
  };
}
