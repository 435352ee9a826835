import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultProxy, RedisServer } from '@nest-strata/testing';
import type { RedisPort } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis } from './clients.js';

/** More than the network takes from us at once: a part of it is left with our own system to send. */
const OLD_VALUE = Buffer.alloc(3_000_000, 'old ');

describe.each(IOREDIS_VERSIONS)('what was given up over %s', (_name, Client) => {
  let server: RedisServer;
  let proxy: FaultProxy;
  let redis: RedisPort;
  let direct: RedisPort;

  beforeEach(async () => {
    server = await RedisServer.start();
    proxy = await FaultProxy.start(server);
    redis = openRedis(Client, { url: proxy.urlOf(server.url), deadline: '150ms', socketTimeout: '200ms' });
    direct = openRedis(Client, { url: server.url, deadline: '1s' });
    await Promise.all([redis.connect(), direct.connect()]);
  });
  afterEach(async () => {
    await closeAll();
    await proxy.stop();
    await server.stop();
  });

  async function written(): Promise<string> {
    const [value] = await direct.read(['key']);
    return String(value?.subarray(0, 3));
  }

  it('never arrives after what was written over the next connection', async () => {
    const held = proxy.where(({ id }) => id === 0).hold('requests');
    await expect(redis.send('SET', ['key', OLD_VALUE])).rejects.toMatchObject({ reason: 'deadline' });
    await eventually(() => proxy.acceptedCount === 2);
    await eventually(() => redis.state === 'ready');
    await redis.send('SET', ['key', 'new']);
    held.release();
    await sleep(300);
    await expect(written()).resolves.toBe('new');
  });

  it('never arrives after its port was closed', async () => {
    const held = proxy.hold('requests');
    await expect(redis.send('SET', ['key', OLD_VALUE])).rejects.toMatchObject({ reason: 'deadline' });
    await redis.close();
    await direct.send('SET', ['key', 'new']);
    held.release();
    await sleep(300);
    await expect(written()).resolves.toBe('new');
  });
});
