import { setTimeout as wait } from 'node:timers/promises';
import { CacheEngine } from '@nest-strata/engine';
import type { ResolvedCacheOptions } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import { cacheOptions, found, keyAt, keys } from './fixtures.js';
import { runCallers } from './interleaved.js';
import { sampleValue } from './sample-value.js';
import { compare } from './table.js';

const CALLERS = 64;
const MODES = ['none', 'tracking', 'tracking-reads', 'bus'] as const;
const KEYS_PER_WRITE = 100;

/** What hearing of changes costs the process that reads and writes: each mode beside a cache that hears of nothing. */
export async function coherenceCost(): Promise<void> {
  await using server = await RedisServer.start();
  const withMemory = await openCaches(server.url, 'with', {
    maxEntries: 100_000,
    maxBytes: Infinity,
    values: 'frozen',
  });
  const without = await openCaches(server.url, 'without', { maxEntries: 0, maxBytes: 0, values: 'frozen' });
  await compareModes(`Redis hit of a 1 KB object, ${String(CALLERS)} at a time`, without, CALLERS, (cache) => {
    return async (index) => found(await cache.get(keyAt(index)));
  });
  await compareModes('Redis hit of a 1 KB object, one at a time', without, 1, (cache) => {
    return async (index) => found(await cache.get(keyAt(index)));
  });
  await compareModes(`set of a 1 KB object, ${String(CALLERS)} at a time, no memory`, without, CALLERS, (cache) => {
    return (index) => cache.set(keyAt(index), sampleValue(index));
  });
  await compareModes(
    `set of a 1 KB object, ${String(CALLERS)} at a time, into memory`,
    withMemory,
    CALLERS,
    (cache) => {
      return (index) => cache.set(keyAt(index), sampleValue(index));
    },
  );
  // A copy of a cache that hears of nothing is good for a second only, so its hits are not all from memory.
  await compareModes('hit in memory over Redis, one at a time', withMemory, 1, (cache) => {
    return async (index) => found(await cache.get(keyAt(index)));
  });
  await Promise.all([...withMemory, ...without].map(({ close }) => close()));
}

interface OpenCache {
  readonly mode: (typeof MODES)[number];
  readonly cache: CacheEngine;
  readonly close: () => Promise<void>;
}

async function openCaches(url: string, name: string, memory: ResolvedCacheOptions['memory']): Promise<OpenCache[]> {
  const caches: OpenCache[] = [];
  for (const mode of MODES) {
    const redis = createRedis({ url, deadline: '5s' });
    await redis.connect();
    const options = { ...cacheOptions(memory), namespace: [`bench-${name}-${mode}`], coherence: mode };
    const cache = CacheEngine.create(options, { redis });
    while (mode !== 'none' && cache.coherence?.isArmed !== true) await wait(5);
    for (let from = 0; from < keys.length; from += KEYS_PER_WRITE) {
      const slice = keys.slice(from, from + KEYS_PER_WRITE);
      await cache.setMany(slice.map((key, offset) => [key, sampleValue(from + offset)]));
    }
    const close = async () => {
      await cache.close();
      await redis.close();
    };
    caches.push({ mode, cache, close });
  }
  return caches;
}

function compareModes(
  title: string,
  caches: readonly OpenCache[],
  callers: number,
  operationOf: (cache: CacheEngine) => (index: number) => Promise<unknown>,
): Promise<void> {
  return compare(
    title,
    caches.map(({ mode, cache }) => {
      const operation = operationOf(cache);
      return { name: `coherence: ${mode}`, run: (sliceMs: number) => runCallers(callers, sliceMs, operation) };
    }),
  );
}
