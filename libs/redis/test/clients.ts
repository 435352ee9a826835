import { SystemClock, SystemRandom } from '@nest-strata/core';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { openClient } from '../src/client/open-client.js';
import type { RedisClientConstructor } from '../src/client/redis-client.js';
import { IoredisPort } from '../src/ioredis.port.js';
import { resolveRedisOptions, type RedisOptions } from '../src/options/redis.options.js';

const open = new Set<IoredisPort>();

/** As `createRedis`, but with the given class of ioredis; closed by {@link closeAll}. */
export function openRedis(Client: RedisClientConstructor, options: RedisOptions): IoredisPort {
  const resolved = resolveRedisOptions(options);
  const port = new IoredisPort(resolved, {
    clock: new SystemClock(),
    random: new SystemRandom(),
    openClient: (profile) => openClient(resolved, profile, async () => Client),
  });
  open.add(port);
  return port;
}

export async function closeAll(): Promise<void> {
  await Promise.all([...open].map((port) => port.close()));
  open.clear();
}

/** For `describe.each`. */
export const IOREDIS_VERSIONS: [name: string, Client: RedisClientConstructor][] = [
  ['ioredis 6', Redis6],
  ['ioredis 5', Redis5],
];
