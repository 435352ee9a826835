import { SystemClock, SystemRandom, type Clock, type Random } from '@nest-strata/core';
import { openClient } from './client/open-client.js';
import { IoredisPort } from './ioredis.port.js';
import { resolveRedisOptions, type RedisOptions } from './options/redis.options.js';
import type { RedisPort } from './redis.port.js';

/** Where a port takes time and chance from; the machine's by default. */
export interface RedisDependencies {
  readonly clock?: Clock;
  readonly random?: Random;
}

/**
 * Makes the way to a Redis server. Nothing is loaded or connected before the first call, and a server that is away
 * then, or goes away later, is found again when it is back. Close it in the end: its connections keep the process alive.
 *
 * @throws InvalidRedisOptionsError
 * @example
 * const redis = createRedis({ url: 'redis://localhost:6379' });
 * const [value] = await redis.read(['greeting']);
 * await redis.close();
 */
export function createRedis(
  options: RedisOptions,
  { clock = new SystemClock(), random = new SystemRandom() }: RedisDependencies = {},
): RedisPort {
  const resolved = resolveRedisOptions(options);
  return new IoredisPort(resolved, { clock, random, openClient: (profile) => openClient(resolved, profile) });
}
