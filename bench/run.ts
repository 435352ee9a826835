/** `npm run bench`: what a hit costs beside the bare minimum, in one run. */
import { CacheEngine, defaultTypes, JsonCodec } from '@nest-strata/engine';
import type { ResolvedCacheOptions } from '@nest-strata/engine';
import { createRedis, loadIoredis } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import { measureInterleaved, runCallers } from './interleaved.js';
import type { Contender } from './interleaved.js';
import { sampleValue } from './sample-value.js';

const KEY_COUNT = 10_000;
const BATCH_KEYS = 100;
const CALLERS = 64;
const ROUNDS = { rounds: 15, sliceMs: 150 };
const HITS_PER_CHECK = 1_000;

const keys = Array.from({ length: KEY_COUNT }, (_, index) => `hero:${String(index)}`);
const keyAt = (index: number) => keys[(index * 7919) % KEY_COUNT] ?? '';

function options(memory: ResolvedCacheOptions['memory']): ResolvedCacheOptions {
  return {
    namespace: ['bench'],
    ttlMs: 3_600_000,
    memoryTtlMs: Infinity,
    jitter: 0,
    memory,
    codec: new JsonCodec(),
    types: defaultTypes,
    compression: undefined,
    limits: { maxValueBytes: 1024 * 1024, maxKeyBytes: 1024 },
    enabled: true,
  };
}

async function compare(title: string, contenders: readonly Contender[]): Promise<void> {
  console.log(`\n### ${title}\n\n|  | ops/s | CPU µs/op | throughput × | CPU × |\n|---|---|---|---|---|`);
  for (const { name, opsPerSecond, cpuUsPerOp, throughputRatio, cpuRatio } of await measureInterleaved(
    contenders,
    ROUNDS,
  )) {
    const figures = [Math.round(opsPerSecond), cpuUsPerOp.toFixed(2), throughputRatio.toFixed(2), cpuRatio.toFixed(2)];
    console.log(`| ${[name, ...figures].join(' | ')} |`);
  }
}

/** Awaits hits in a row; looking at the clock only now and then, as that costs as much as a hit. */
async function runHits(sliceMs: number, read: (key: string) => Promise<unknown>): Promise<number> {
  const endAtMs = performance.now() + sliceMs;
  let operations = 0;
  while (performance.now() < endAtMs) {
    for (let hit = 0; hit < HITS_PER_CHECK; hit++) {
      if ((await read(keyAt(operations++))) === undefined) throw new Error('A hit was expected.');
    }
  }
  return operations;
}

async function compareMemoryHits(): Promise<void> {
  const map = new Map<string, object>();
  const caches = (['shared', 'frozen', 'cloned'] as const).map((values) => ({
    values,
    cache: CacheEngine.create(options({ maxEntries: KEY_COUNT, maxBytes: Infinity, values })),
  }));
  for (const [index, key] of keys.entries()) {
    map.set(key, sampleValue(index));
    for (const { cache } of caches) await cache.set(key, sampleValue(index));
  }
  // eslint-disable-next-line @typescript-eslint/require-await -- what is compared is a Map behind the same async function
  const readMap = async (key: string) => map.get(key);
  await compare('Memory hit', [
    { name: 'Map behind an async function', run: (sliceMs) => runHits(sliceMs, readMap) },
    ...caches.map(({ values, cache }) => ({
      name: `Strata get, ${values}`,
      run: (sliceMs: number) => runHits(sliceMs, (key) => cache.get(key)),
    })),
    ...caches.slice(0, 2).map(({ values, cache }) => ({
      name: `Strata getOrSet, ${values}`,
      run: (sliceMs: number) => runHits(sliceMs, (key) => cache.getOrSet(key, () => undefined)),
    })),
  ]);
}

/** What is used of the bare client, of the very ioredis that Strata uses. */
interface RawClient {
  get(key: string): Promise<string | null>;
  mget(keys: string[]): Promise<(string | null)[]>;
  set(key: string, value: string, unit: 'PX', ttlMs: number): Promise<unknown>;
  disconnect(): void;
}

async function loadRawClient(): Promise<new (options: object) => RawClient> {
  return (await loadIoredis()) as unknown as new (options: object) => RawClient;
}

async function compareRedis(): Promise<void> {
  await using server = await RedisServer.start();
  const raw = new (await loadRawClient())({ host: '127.0.0.1', port: server.port });
  const redis = createRedis({ url: server.url, deadline: '5s' });
  await redis.connect();
  const cache = CacheEngine.create(options({ maxEntries: 0, maxBytes: 0, values: 'frozen' }), { redis });
  for (const [index, key] of keys.entries()) {
    await raw.set(key, JSON.stringify(sampleValue(index)), 'PX', 3_600_000);
    if (index % BATCH_KEYS === 0) {
      const slice = keys.slice(index, index + BATCH_KEYS);
      await cache.setMany(slice.map((sliceKey, offset) => [sliceKey, sampleValue(index + offset)]));
    }
  }
  const found = <T>(value: T | null | undefined): T => {
    if (value === undefined || value === null) throw new Error('A hit was expected.');
    return value;
  };
  const rawGet = async (index: number): Promise<unknown> => JSON.parse(found(await raw.get(keyAt(index))));
  const strataGet = async (index: number) => found(await cache.get(keyAt(index)));
  for (const callers of [CALLERS, 1]) {
    await compare(`Redis hit of a 1 KB object, ${String(callers)} at a time`, [
      { name: 'ioredis GET + JSON.parse', run: (sliceMs) => runCallers(callers, sliceMs, rawGet) },
      { name: 'Strata get', run: (sliceMs) => runCallers(callers, sliceMs, strataGet) },
    ]);
  }
  const batchAt = (index: number) =>
    Array.from({ length: BATCH_KEYS }, (_, offset) => keyAt(index * BATCH_KEYS + offset));
  const rawMany = async (index: number) =>
    (await raw.mget(batchAt(index))).map((text): unknown => JSON.parse(found(text)));
  const strataMany = async (index: number) => (await cache.getMany(batchAt(index))).map(found);
  await compare(`getMany of ${String(BATCH_KEYS)}, one at a time`, [
    { name: 'ioredis MGET + JSON.parse', run: (sliceMs) => runCallers(1, sliceMs, rawMany) },
    { name: 'Strata getMany', run: (sliceMs) => runCallers(1, sliceMs, strataMany) },
  ]);
  const rawSet = (index: number) => raw.set(keyAt(index), JSON.stringify(sampleValue(index)), 'PX', 3_600_000);
  await compare(`set of a 1 KB object, ${String(CALLERS)} at a time`, [
    { name: 'ioredis SET PX + JSON.stringify', run: (sliceMs) => runCallers(CALLERS, sliceMs, rawSet) },
    {
      name: 'Strata set',
      run: (sliceMs) => runCallers(CALLERS, sliceMs, (index) => cache.set(keyAt(index), sampleValue(index))),
    },
  ]);
  await redis.close();
  raw.disconnect();
}

await compareMemoryHits();
await compareRedis();
