import { describe, expect, it } from '@jest/globals';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import type { RedisClient, RedisClientConstructor } from './redis-client.js';

describe('RedisClient', () => {
  it.each([
    ['5', Redis5 satisfies RedisClientConstructor, new Redis5({ lazyConnect: true }) satisfies RedisClient],
    ['6', Redis6 satisfies RedisClientConstructor, new Redis6({ lazyConnect: true }) satisfies RedisClient],
  ] as [string, RedisClientConstructor, RedisClient][])('is what ioredis %s offers', (_version, Client, client) => {
    expect(client).toBeInstanceOf(Client);
    expect(client.duplicate({ lazyConnect: true })).toBeInstanceOf(Client);
  });
});
