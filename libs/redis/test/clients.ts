import { SystemClock, SystemRandom } from '@nest-strata/core';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { openClient } from '../src/client/open-client.js';
import type { RedisClient, RedisClientConstructor } from '../src/client/redis-client.js';
import { IoredisPort } from '../src/ioredis.port.js';
import { resolveRedisOptions, type RedisOptions } from '../src/options/redis.options.js';

const openPorts = new Set<IoredisPort>();

/** As `createRedis`, but with the given class of ioredis; closed by {@link closeAll}. */
export function openRedis(Client: RedisClientConstructor, options: RedisOptions): IoredisPort {
  return openRedisOver(options, (profile) => openClient(resolveRedisOptions(options), profile, async () => Client));
}

/** A port whose clients are made by `open`. */
export function openRedisOver(options: RedisOptions, open: (profile: object) => Promise<RedisClient>): IoredisPort {
  const dependencies = { clock: new SystemClock(), random: new SystemRandom(), openClient: open };
  const port = new IoredisPort(resolveRedisOptions(options), dependencies);
  openPorts.add(port);
  return port;
}

export async function closeAll(): Promise<void> {
  await Promise.all([...openPorts].map((port) => port.close()));
  openPorts.clear();
}

/** For `describe.each`. */
export const IOREDIS_VERSIONS: [name: string, Client: RedisClientConstructor][] = [
  ['ioredis 6', Redis6],
  ['ioredis 5', Redis5],
];
