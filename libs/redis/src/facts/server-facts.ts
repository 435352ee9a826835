import { RedisReplyError } from '../errors/redis-reply.error.js';
import type { RedisPort } from '../redis.port.js';

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
  const info = parseInfo(await infoText(redis));
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

async function infoText(redis: RedisPort): Promise<string> {
  try {
    return String(await redis.send('INFO', []));
  } catch (error) {
    if (error instanceof RedisReplyError) return '';
    throw error;
  }
}

/** Lines of `field:value` under `# Section` headings. */
function parseInfo(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}
