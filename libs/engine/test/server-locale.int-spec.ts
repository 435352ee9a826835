import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CacheEngine } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { RedisServer, SeededRandom } from '@nest-strata/testing';
import { engineOptions } from './engine-options.js';

const LOCALE = 'en_US.UTF-8';
const OLDER = { stored: false, reason: 'older-version' };

let folder: string;
let server: RedisServer;
let redis: RedisPort;
let cache: CacheEngine;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-'));
  server = await RedisServer.start({ env: await localeIn(folder) });
  redis = createRedis({ url: server.url, deadline: '2s' });
  await redis.connect();
  cache = CacheEngine.create(engineOptions(), { redis });
});

afterAll(async () => {
  await cache.close();
  await redis.close();
  await server.stop();
  await rm(folder, { recursive: true });
});

/** A locale that orders texts otherwise than by their bytes; where none can be made, the server runs in its own. */
async function localeIn(path: string): Promise<Record<string, string>> {
  const made = promisify(execFile)('localedef', ['-i', 'en_US', '-f', 'UTF-8', join(path, LOCALE)]);
  return made.then(
    () => ({ LOCPATH: path, LC_ALL: LOCALE }),
    () => ({}),
  );
}

/** Two versions, the lower one first, that differ in about the last `bits` bits. */
function pairOf(random: SeededRandom, bits: number): [lower: bigint, higher: bigint] {
  const [common, one, other] = [0, 1, 2].map(() => random.bytes(8).readBigUInt64BE()) as [bigint, bigint, bigint];
  const ending = (last: bigint) => ((common >> BigInt(bits)) << BigInt(bits)) | BigInt.asUintN(bits, last);
  return ending(one) < ending(other) ? [ending(one), ending(other)] : [ending(other), ending(one)];
}

it('keeps the order of versions whatever the locale of the server', async () => {
  const random = new SeededRandom(1);
  const pairs = [[9n, 137n], ...Array.from({ length: 200 }, (_, index) => pairOf(random, 8 + (index % 56)))];
  for (const [index, [lower = 0n, higher = 0n]] of pairs.entries()) {
    const key = String(index);
    const pair = `${String(lower)} and ${String(higher)}`;
    await cache.set(key, 'higher', { version: higher });
    expect([pair, await cache.set(key, 'lower', { version: lower })]).toEqual([pair, OLDER]);
    expect([pair, await cache.delete(key, { version: lower })]).toMatchObject([pair, { count: 0 }]);
    expect([pair, await cache.set(key, 'same', { version: higher })]).toEqual([pair, { stored: true }]);
  }
});
