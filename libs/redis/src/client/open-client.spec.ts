import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { resolveRedisOptions, type RedisOptions } from '../options/redis.options.js';
import { openClient } from './open-client.js';
import type { RedisClientConstructor } from './redis-client.js';

async function settingsFor(options: RedisOptions): Promise<Redis['options']> {
  const load = async (): Promise<RedisClientConstructor> => Redis;
  const client = await openClient(resolveRedisOptions(options), { lazyConnect: true, keepAlive: 7 }, load);
  return (client as Redis).options;
}

describe('openClient', () => {
  it('goes where the url says', async () => {
    await expect(settingsFor({ url: 'redis://user:pw@host:7000/2' })).resolves.toMatchObject({
      host: 'host',
      port: 7000,
      db: 2,
      username: 'user',
      password: 'pw',
      keepAlive: 7,
    });
  });

  it('uses TLS for rediss alone, and checks certificates', async () => {
    expect((await settingsFor({ url: 'redis://host' })).tls).toBeUndefined();
    expect((await settingsFor({ url: 'rediss://host' })).tls).toEqual({});
  });

  it("lays the profile over a user's settings", async () => {
    const client = new Redis({ lazyConnect: true, host: 'host', keepAlive: 1, tls: { servername: 'name' } });
    const settings = await settingsFor({ client });
    expect(settings).toMatchObject({ host: 'host', keepAlive: 7, tls: { servername: 'name' } });
    expect(client.options.keepAlive).toBe(1);
  });
});
