import { setImmediate as nextTurn } from 'node:timers/promises';
import { CacheEngine } from '@nest-strata/engine';
import { createRedis, loadIoredis } from '@nest-strata/redis';
import { defineWorker } from '@nest-strata/testing';
import type { CallsOf, WorkerContext } from '@nest-strata/testing';
import { cacheOptions } from '../fixtures.js';

interface RawClient {
  publish(channel: string, message: string): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  disconnect(): void;
}

const CHANNEL = 'latency';

/** One process: a cache with memory, and a bare client to publish and hear with. */
const latencyWorker = defineWorker(async ({ data, onTerminate }: WorkerContext<{ port: number }>) => {
  const redis = createRedis({ url: `redis://127.0.0.1:${String(data.port)}`, deadline: '2s' });
  await redis.connect();
  const cache = CacheEngine.create(cacheOptions({ maxEntries: 1_000, maxBytes: Infinity, values: 'shared' }), {
    redis,
  });
  const Client = (await loadIoredis()) as unknown as new (options: object) => RawClient;
  const publisher = new Client({ host: '127.0.0.1', port: data.port });
  const subscriber = new Client({ host: '127.0.0.1', port: data.port });
  const heardAtNs = new Map<string, bigint>();
  subscriber.on('message', (_, message) => heardAtNs.set(message, process.hrtime.bigint()));
  await subscriber.subscribe(CHANNEL);
  while (cache.coherence?.isArmed !== true) await nextTurn();
  onTerminate(async () => {
    publisher.disconnect();
    subscriber.disconnect();
    await cache.close(100);
    await redis.close();
  });

  return {
    /** Evicts a key, or publishes its name; returns when that was acknowledged. */
    async evict(key: string): Promise<bigint> {
      await cache.delete(key);
      return process.hrtime.bigint();
    },
    async publish(key: string): Promise<bigint> {
      await publisher.publish(CHANNEL, key);
      return process.hrtime.bigint();
    },
    set: (key: string) => cache.set(key, 'old'),
    /** Has the key in memory, then reads it until it is gone; returns when that was. */
    async holdUntilGone(key: string): Promise<bigint> {
      while ((await cache.lookup(key)).hit && (await cache.get(key)) !== undefined) await nextTurn();
      return process.hrtime.bigint();
    },
    warm: async (key: string) => {
      await cache.get(key);
      return cache.lookup(key).then((found) => ('tier' in found ? found.tier : undefined));
    },
    async heard(key: string): Promise<bigint> {
      while (!heardAtNs.has(key)) await nextTurn();
      return heardAtNs.get(key) ?? 0n;
    },
  };
});

export default latencyWorker;
export type LatencyWorker = CallsOf<typeof latencyWorker>;
