import { CacheEngine } from '@nest-strata/engine';
import { cacheOptions, found, keyAt, keys } from './fixtures.js';
import { sampleValue } from './sample-value.js';
import { compare } from './table.js';

const HITS_PER_CHECK = 1_000;

/** Hits in memory beside a `Map` behind an async function. */
export async function memoryHits(): Promise<void> {
  const map = new Map<string, object>();
  const caches = (['shared', 'frozen', 'cloned'] as const).map((values) => ({
    values,
    cache: CacheEngine.create(cacheOptions({ maxEntries: keys.length, maxBytes: Infinity, values })),
  }));
  for (const [index, key] of keys.entries()) {
    map.set(key, sampleValue(index));
    for (const { cache } of caches) await cache.set(key, sampleValue(index));
  }
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

/** Awaits hits in a row; looking at the clock only now and then, as that costs as much as a hit. */
async function runHits(sliceMs: number, read: (key: string) => Promise<unknown>): Promise<number> {
  const endAtMs = performance.now() + sliceMs;
  let operations = 0;
  while (performance.now() < endAtMs) {
    for (let hit = 0; hit < HITS_PER_CHECK; hit++) found(await read(keyAt(operations++)));
  }
  return operations;
}
