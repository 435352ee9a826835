import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RedisServer } from '@nest-strata/testing';
import { RedisReplyError } from '../src/index.js';
import type { RedisPort } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis } from './clients.js';

describe.each(IOREDIS_VERSIONS)('batching over %s', (_name, Client) => {
  let server: RedisServer;
  let redis: RedisPort;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  beforeEach(async () => {
    redis = openRedis(Client, { url: server.url, deadline: '2s' });
    await redis.connect();
    await redis.send('FLUSHALL', []);
    await redis.send('CONFIG', ['RESETSTAT']);
  });
  afterEach(closeAll);

  /** How often the server has run each command since the start of the test. */
  async function calls(): Promise<Record<string, number>> {
    const info = String(await redis.send('INFO', ['commandstats']));
    const counts = [...info.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, count]) => [name, Number(count)]);
    return Object.fromEntries(counts) as Record<string, number>;
  }

  async function readTexts(...keys: string[]): Promise<(string | undefined)[]> {
    return (await redis.read(keys)).map((value) => value?.toString());
  }

  it('turns 64 concurrent reads into one MGET', async () => {
    const keys = Array.from({ length: 64 }, (_, index) => `key:${index}`);
    await Promise.all(keys.map((key) => redis.send('SET', [key, key])));
    const values = await Promise.all(keys.map((key) => readTexts(key)));
    expect(values).toEqual(keys.map((key) => [key]));
    expect(await calls()).toMatchObject({ mget: 1, set: 64 });
    expect(await calls()).not.toHaveProperty('get');
  });

  it('asks for each key once, however many want it, and gives each reader its own order', async () => {
    await redis.send('MSET', ['a', '1', 'b', '2']);
    const bytesBefore = await bytesReceived();
    const results = await Promise.all([readTexts('a', 'b', 'a'), readTexts('none', 'b'), readTexts('a')]);
    expect(results).toEqual([['1', '2', '1'], [undefined, '2'], ['1']]);
    expect(await calls()).toMatchObject({ mget: 1 });
    const mget = '*4\r\n$4\r\nmget\r\n$1\r\na\r\n$1\r\nb\r\n$4\r\nnone\r\n'.length;
    const info = '*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n'.length + '*2\r\n$4\r\nINFO\r\n$12\r\ncommandstats\r\n'.length;
    expect((await bytesReceived()) - bytesBefore).toBe(mget + info);
  });

  async function bytesReceived(): Promise<number> {
    return Number(/total_net_input_bytes:(\d+)/.exec(String(await redis.send('INFO', ['stats'])))?.[1]);
  }

  it('reads a lone key by GET', async () => {
    await redis.read(['a']);
    expect(await calls()).toMatchObject({ get: 1 });
  });

  it('sends a loop of awaiting callers one batch per round', async () => {
    const caller = async (key: string) => {
      for (let round = 0; round < 10; round++) await redis.read([key]);
    };
    await Promise.all(Array.from({ length: 32 }, (_, index) => caller(`key:${index}`)));
    expect(await calls()).toMatchObject({ mget: 10 });
  });

  it('sends nothing for no keys', async () => {
    await expect(redis.read([])).resolves.toEqual([]);
    expect(await calls()).not.toHaveProperty('mget');
  });

  it('splits a read of very many keys and keeps their order', async () => {
    const keys = Array.from({ length: 2_500 }, (_, index) => `key:${index}`);
    await redis.send(
      'MSET',
      keys.flatMap((key) => [key, key]),
    );
    await expect(readTexts(...keys)).resolves.toEqual(keys);
    expect(await calls()).toMatchObject({ mget: 3 });
  });

  it('carries out the commands of a tick in their order and before its reads', async () => {
    const read = readTexts('a');
    const first = redis.send('SET', ['a', '1']);
    const second = redis.send('APPEND', ['a', '2']);
    await expect(read).resolves.toEqual(['12']);
    await expect(first).resolves.toEqual(Buffer.from('OK'));
    await expect(second).resolves.toBe(2);
  });

  it('gives each command of a batch its own error', async () => {
    await redis.send('SET', ['text', 'x']);
    const [wrong, right, unknown] = await Promise.allSettled([
      redis.send('LPUSH', ['text', 'x']),
      redis.send('SET', ['other', 'y']),
      redis.send('nosuch', ['x']),
    ]);
    expect(wrong).toMatchObject({ reason: { code: 'REDIS_REPLY_ERROR', replyCode: 'WRONGTYPE', command: 'LPUSH' } });
    expect(right).toMatchObject({ status: 'fulfilled' });
    expect(unknown).toMatchObject({ reason: { replyCode: 'ERR', command: 'NOSUCH' } });
    await expect(readTexts('other')).resolves.toEqual(['y']);
  });

  it('reads nothing where there is something other than a string, alone or with others', async () => {
    await redis.send('LPUSH', ['list', 'x']);
    await redis.send('SET', ['text', 'x']);
    await expect(readTexts('list')).resolves.toEqual([undefined]);
    await expect(readTexts('list', 'text')).resolves.toEqual([undefined, 'x']);
  });

  it('tells readers when the server refuses a read', async () => {
    await redis.send('ACL', ['SETUSER', 'default', 'resetkeys', '~open:*']);
    const refusals = await Promise.allSettled([redis.read(['secret']), redis.read(['open:1', 'secret'])]);
    await redis.send('ACL', ['SETUSER', 'default', 'allkeys']);
    for (const refusal of refusals) expect(refusal).toMatchObject({ reason: { replyCode: 'NOPERM' } });
    await expect(redis.read(['secret'])).resolves.toEqual([null]);
  });

  it('keeps bytes as they are', async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 128]);
    await redis.send('SET', ['bytes', bytes]);
    await expect(redis.read(['bytes'])).resolves.toEqual([bytes]);
  });

  it('gives the reply as Redis gave it, whatever the case of the command', async () => {
    await redis.send('hset', ['hash', 'a', 1]);
    await expect(redis.send('hgetall', ['hash'])).resolves.toEqual([Buffer.from('a'), Buffer.from('1')]);
  });

  it('does not let an out-of-memory reply count as a failure of the connection', async () => {
    await redis.send('CONFIG', ['SET', 'maxmemory', '1']);
    for (let attempt = 0; attempt < 20; attempt++) {
      await expect(redis.send('SET', ['a', '1'])).rejects.toThrow(RedisReplyError);
    }
    expect(redis.state).toBe('ready');
    await redis.send('CONFIG', ['SET', 'maxmemory', '0']);
  });

  it('finds keys by a glob, with any batch size', async () => {
    const keys = Array.from({ length: 300 }, (_, index) => `hero:${index}`);
    await redis.send(
      'MSET',
      keys.flatMap((key) => [key, '']),
    );
    await redis.send('MSET', ['story:1', '', 'héro:é', '']);
    const found = new Set<string>();
    for await (const batch of redis.scan('hero:*', 10)) {
      expect(batch.length).toBeGreaterThan(0);
      for (const key of batch) found.add(key);
    }
    expect([...found].sort()).toEqual(keys.sort());
    const others: string[] = [];
    for await (const batch of redis.scan('héro:*')) others.push(...batch);
    expect(others).toEqual(['héro:é']);
  });

  it('spreads batches over its connections', async () => {
    const pool = openRedis(Client, { url: server.url, connections: 3, name: 'pool', deadline: '2s' });
    await pool.connect();
    const list = async () => String(await redis.send('CLIENT', ['LIST']));
    while ((await list()).split('name=pool').length < 4);
    for (let round = 0; round < 9; round++) await pool.send('SET', ['a', round]);
    const lines = (await list()).split('\n').filter((line) => line.includes('name=pool'));
    expect(lines.map((line) => /cmd=(\w+)/.exec(line)?.[1])).toEqual(['set', 'set', 'set']);
  });
});
