import { MissingIoredisError } from '../errors/missing-ioredis.error.js';
import type { RedisClientConstructor } from './redis-client.js';

const NOT_FOUND_CODES: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];

/**
 * Loads the `Redis` class of the installed ioredis, 5 or 6.
 *
 * @throws MissingIoredisError when it is not installed
 */
export async function loadIoredis(
  importIoredis: () => Promise<unknown> = () => import('ioredis'),
): Promise<RedisClientConstructor> {
  try {
    const { Redis } = (await importIoredis()) as { Redis: RedisClientConstructor };
    return Redis;
  } catch (error) {
    const { code } = error as { code?: unknown };
    throw NOT_FOUND_CODES.includes(code) ? new MissingIoredisError({ cause: error }) : error;
  }
}
