import { runCallers } from './interleaved.js';
import { found, keyAt } from './fixtures.js';
import { setUpRedis } from './redis-setup.js';
import { sampleValue } from './sample-value.js';
import { compare } from './table.js';

const BATCH_KEYS = 100;

/** Hits in Redis, so many callers at a time, beside `GET` and `JSON.parse`. */
export async function redisHits(callers: number): Promise<void> {
  await using setup = await setUpRedis();
  const { raw, cache } = setup;
  const rawGet = async (index: number): Promise<unknown> => JSON.parse(found(await raw.get(keyAt(index))));
  const strataGet = async (index: number) => found(await cache.get(keyAt(index)));
  await compare(`Redis hit of a 1 KB object, ${String(callers)} at a time`, [
    { name: 'ioredis GET + JSON.parse', run: (sliceMs) => runCallers(callers, sliceMs, rawGet) },
    { name: 'Strata get', run: (sliceMs) => runCallers(callers, sliceMs, strataGet) },
  ]);
}

/** `getMany` beside `MGET` and `JSON.parse`. */
export async function redisBatches(): Promise<void> {
  await using setup = await setUpRedis();
  const { raw, cache } = setup;
  const batchAt = (index: number) =>
    Array.from({ length: BATCH_KEYS }, (_, offset) => keyAt(index * BATCH_KEYS + offset));
  const rawMany = async (index: number) =>
    (await raw.mget(batchAt(index))).map((text): unknown => JSON.parse(found(text)));
  const strataMany = async (index: number) => (await cache.getMany(batchAt(index))).map(found);
  await compare(`getMany of ${String(BATCH_KEYS)}, one at a time`, [
    { name: 'ioredis MGET + JSON.parse', run: (sliceMs) => runCallers(1, sliceMs, rawMany) },
    { name: 'Strata getMany', run: (sliceMs) => runCallers(1, sliceMs, strataMany) },
  ]);
}

/** `set`, so many callers at a time, beside `SET` and `JSON.stringify`. */
export async function redisSets(callers: number): Promise<void> {
  await using setup = await setUpRedis();
  const { raw, cache } = setup;
  const rawSet = (index: number) => raw.set(keyAt(index), JSON.stringify(sampleValue(index)), 'PX', 3_600_000);
  const strataSet = (index: number) => cache.set(keyAt(index), sampleValue(index));
  await compare(`set of a 1 KB object, ${String(callers)} at a time`, [
    { name: 'ioredis SET PX + JSON.stringify', run: (sliceMs) => runCallers(callers, sliceMs, rawSet) },
    { name: 'Strata set', run: (sliceMs) => runCallers(callers, sliceMs, strataSet) },
  ]);
}
