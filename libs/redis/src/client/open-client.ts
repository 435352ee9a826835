import type { ResolvedRedisOptions } from '../options/redis.options.js';
import { loadIoredis } from './load-ioredis.js';
import type { RedisClient } from './redis-client.js';

/**
 * Makes a client that is not connected yet: by the installed ioredis, or as a duplicate of the user's own, which itself
 * stays as it is.
 *
 * @throws MissingIoredisError when there is a url and no ioredis
 */
export async function openClient(
  { source }: ResolvedRedisOptions,
  profile: object,
  load: typeof loadIoredis = loadIoredis,
): Promise<RedisClient> {
  if ('client' in source) return source.client.duplicate(profile);
  const Redis = await load();
  const { host, port, database, tls, username, password } = source;
  return new Redis({
    ...profile,
    enableReadyCheck: false,
    host,
    port,
    db: database,
    ...(tls && { tls: {} }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: password.reveal() }),
  });
}
