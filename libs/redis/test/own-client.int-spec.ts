import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisServer } from '@nest-strata/testing';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { createRedis, readServerFacts } from '../src/index.js';
import { closeAll, openRedis } from './clients.js';

describe.each([
  ['ioredis 6', Redis6],
  ['ioredis 5', Redis5],
] as [string, typeof Redis6][])("a user's own client of %s", (_name, Client) => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());
  afterEach(closeAll);

  it('is duplicated and stays as it is', async () => {
    const own = new Client(server.url, { keyPrefix: 'own:', stringNumbers: true, connectionName: 'own', db: 3 });
    await own.ping();
    const listenersBefore = own.eventNames().map((event) => [event, own.listenerCount(event)]);
    const optionsBefore = { ...own.options };

    const redis = createRedis({ client: own, name: 'ours' });
    await redis.connect();
    await redis.send('SET', ['key', '1']);
    await expect(redis.send('INCR', ['key'])).resolves.toBe(2);
    const clients = await own.client('LIST');
    expect(clients).toMatch(/name=own .* db=3 /);
    expect(clients).toMatch(/name=ours .* db=3 /);
    await expect(own.keys('*')).resolves.toEqual(['key']);
    await redis.close();

    expect(own.status).toBe('ready');
    expect(own.options).toEqual(optionsBefore);
    expect(own.eventNames().map((event) => [event, own.listenerCount(event)])).toEqual(listenersBefore);
    await expect(own.set('a', 'b')).resolves.toBe('OK');
    own.disconnect();
  });

  it('need not be connected', async () => {
    const own = new Client(server.url, { lazyConnect: true });
    const redis = createRedis({ client: own, deadline: '1s' });
    await expect(redis.read(['none'])).resolves.toEqual([null]);
    expect(own.status).toBe('wait');
    await redis.close();
  });
});

describe('createRedis', () => {
  it('loads the ioredis that is installed', async () => {
    await using server = await RedisServer.start();
    const redis = createRedis({ url: server.url });
    await redis.connect();
    expect(String(await redis.send('CLIENT', ['LIST']))).toContain('name=strata ');
    await redis.close();
  });
});

describe('readServerFacts', () => {
  afterEach(closeAll);

  it('tells version, memory, clients, uptime and policy', async () => {
    await using server = await RedisServer.start({ config: { 'maxmemory-policy': 'allkeys-lfu' } });
    await expect(readServerFacts(openRedis(Redis6, { url: server.url, deadline: '1s' }))).resolves.toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      usedMemoryBytes: expect.any(Number),
      connectedClients: 1,
      uptimeSeconds: expect.any(Number),
      maxmemoryPolicy: 'allkeys-lfu',
    });
  });

  it('knows nothing of a server that does not permit the question', async () => {
    await using server = await RedisServer.start({ args: ['--user', 'app', 'on', '>pw', '~*', '+@all', '-info'] });
    const facts = await readServerFacts(
      openRedis(Redis6, { url: `redis://app:pw@127.0.0.1:${server.port}`, deadline: '1s' }),
    );
    expect(Object.values(facts)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  it('fails when there is no answer', async () => {
    const redis = openRedis(Redis6, { url: 'redis://127.0.0.1:1' });
    await expect(readServerFacts(redis)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });
});
