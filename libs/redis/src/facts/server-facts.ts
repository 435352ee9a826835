import type { RedisPort } from '../redis.port.js';
import { readServerInfo } from './server-info.js';

/** What a Redis server says about itself; a fact that it does not tell is `undefined`. */
export interface ServerFacts {
  /** `7.0.15`; of Valkey, the Redis version that it is compatible with. */
  readonly version: string | undefined;
  readonly usedMemoryBytes: number | undefined;
  readonly connectedClients: number | undefined;
  readonly uptimeSeconds: number | undefined;
  /** What happens when memory is full: `noeviction`, `allkeys-lru`, … */
  readonly maxmemoryPolicy: string | undefined;
}

/**
 * Asks a server for its facts (`INFO`). One that does not permit the question is a server without facts, not an error.
 *
 * @throws RedisUnavailableError when there is no answer
 */
export async function readServerFacts(redis: RedisPort): Promise<ServerFacts> {
  const info = await readServerInfo(redis.send('INFO', []));
  const number = (field: string) => {
    const text = info.get(field);
    return text === undefined ? undefined : Number(text);
  };
  return {
    version: info.get('redis_version'),
    usedMemoryBytes: number('used_memory'),
    connectedClients: number('connected_clients'),
    uptimeSeconds: number('uptime_in_seconds'),
    maxmemoryPolicy: info.get('maxmemory_policy'),
  };
}
