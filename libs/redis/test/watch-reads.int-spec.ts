import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultProxy, RedisServer } from '@nest-strata/testing';
import { defineScript } from '../src/index.js';
import type { RedisClient, RedisPort } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis, openRedisOver } from './clients.js';
import { Hearing } from './hearing.js';

const fetchOrStore = defineScript({
  name: 'fetch-or-store',
  keys: ['key'],
  args: ['value'],
  lua: `if ARGV[1] ~= '' then redis.call('SET', KEYS[1], ARGV[1]) end return redis.call('GET', KEYS[1])`,
  parse: String,
});

describe.each(IOREDIS_VERSIONS)('watching what is read over %s', (_name, Client) => {
  let server: RedisServer;
  let redis: RedisPort;
  let other: RedisPort;
  let hearing: Hearing;

  beforeEach(async () => {
    server = await RedisServer.start({ config: { hz: 100 } });
    redis = openRedis(Client, { url: server.url, deadline: '1s' });
    other = openRedis(Client, { url: server.url, deadline: '1s' });
    await other.connect();
    hearing = await Hearing.of(redis, 'tracking-reads');
  });
  afterEach(async () => {
    await closeAll();
    await server.stop();
  });

  it('hears of the next change of each key that was read, and of no other', async () => {
    expect(hearing.watch).toMatchObject({ mode: 'tracking-reads', announcement: undefined });
    await other.send('MSET', ['a:1', '1', 'a:2', '1', 'a:3', '1']);
    await redis.read(['a:1', 'a:missing']);
    await other.send('MSET', ['a:1', '2', 'a:2', '2', 'a:missing', '2']);
    await other.send('SET', ['a:1', '3']);
    await hearing.settle();
    expect(hearing.keys.sort()).toEqual(['a:1', 'a:missing']);
    hearing.forget();
    await redis.read(['a:1']);
    await other.send('SET', ['a:1', '4']);
    await hearing.untilHeard('a:1');
  });

  it('hears that a key that was read expires', async () => {
    await other.send('SET', ['a:1', '1', 'PX', 100]);
    await redis.read(['a:1']);
    await hearing.untilHeard('a:1');
    expect(hearing.kinds).toEqual(['armed']);
  });

  it('hears nothing of keys with prefixes that it does not follow', async () => {
    await redis.read(['b:1', 'a:1']);
    await other.send('MSET', ['b:1', '1', 'a:1', '1']);
    await hearing.settle();
    expect(hearing.keys).toEqual(['a:1']);
    hearing.watch.follow(['b:']);
    await eventually(() => hearing.kinds.length === 2);
    await redis.read(['b:1']);
    await other.send('SET', ['b:1', '2']);
    await hearing.untilHeard('b:1');
    expect(hearing.kinds).toEqual(['armed', 'armed']);
  });

  it('hears of its own write of a key that was read, so that nobody keeps what is no longer watched', async () => {
    await redis.read(['a:1', 'a:2']);
    await redis.send('SET', ['a:1', '1']);
    await redis.run(fetchOrStore, { key: 'a:2' }, { value: '1' });
    await hearing.settle();
    expect(hearing.keys.sort()).toEqual(['a:1', 'a:2']);
  });

  it('watches what its scripts read, but not what it only writes', async () => {
    await redis.run(fetchOrStore, { key: 'a:1' }, { value: '' });
    await redis.send('SET', ['a:2', '1']);
    await hearing.settle();
    hearing.forget();
    await other.send('MSET', ['a:1', '2', 'a:2', '2']);
    await hearing.settle();
    expect(hearing.keys).toEqual(['a:1']);
  });

  it('takes a flush for a loss', async () => {
    await other.send('FLUSHALL', []);
    await eventually(() => hearing.kinds.length === 3);
    expect(hearing.kinds).toEqual(['armed', 'lost', 'armed']);
  });

  it('hears over every connection of a pool, and loses all with any of them', async () => {
    const pool = openRedis(Client, { url: server.url, connections: 3, name: 'pool', deadline: '1s' });
    const heard = await Hearing.of(pool, 'tracking-reads');
    await eventually(async () => (await lines()).filter((line) => line.includes(' flags=t ')).length === 3);
    const keys = Array.from({ length: 9 }, (_, index) => `a:${index}`);
    for (const key of keys) await pool.read([key]);
    expect((await lines()).map((line) => / cmd=(\w+)/.exec(line)?.[1])).toEqual(['get', 'get', 'get']);
    await other.send(
      'MSET',
      keys.flatMap((key) => [key, '1']),
    );
    await heard.settle();
    expect(heard.keys.sort()).toEqual(keys);
    expect(heard.kinds).toEqual(['armed']);

    const [, id = ''] = /^id=(\d+)/.exec((await lines())[1] ?? '') ?? [];
    await other.send('CLIENT', ['KILL', 'ID', id]);
    await eventually(() => heard.kinds.length >= 3);
    await eventually(async () => (await lines()).filter((line) => line.includes(' flags=t ')).length === 3);
    expect(heard.kinds).toEqual(['armed', 'lost', 'armed']);
  });

  it('rather waits for one that tracks than read over one that does not', async () => {
    await using proxy = await FaultProxy.start(server);
    const clients: RedisClient[] = [];
    let isStalled = false;
    const stubborn = openRedisOver({ url: server.url, connections: 2, deadline: '150ms' }, async (profile) => {
      const client = new Client({ ...profile, port: proxy.port });
      const call = client.callBuffer.bind(client);
      client.callBuffer = (command, args) =>
        isStalled && client === clients[1] && args[0] === 'TRACKING'
          ? new Promise(() => undefined)
          : call(command, args);
      clients.push(client);
      return client;
    });
    const heard = await Hearing.of(stubborn, 'tracking-reads', ['a:'], { heartbeatMs: 60_000 });
    await eventually(async () => (await tracking()).length === 3);
    isStalled = true;
    await other.send('CLIENT', ['KILL', 'ID', Number(await clients[1]?.callBuffer('CLIENT', ['ID']))]);
    await eventually(() => heard.kinds.length === 3);
    await eventually(() => clients[1]?.status === 'ready');
    const oldest = proxy.connections.find(({ isSubscriber }) => !isSubscriber)?.id;
    proxy.where(({ id }) => id === oldest).hold();
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(stubborn.read(['a:1'])).rejects.toMatchObject({ reason: 'deadline' });
    }
    proxy.heal();
    isStalled = false;
    expect(heard.kinds).toEqual(['armed', 'lost', 'armed']);
  });

  async function tracking(): Promise<string[]> {
    return String(await other.send('CLIENT', ['LIST'])).match(/ flags=t /g) ?? [];
  }

  async function lines(): Promise<string[]> {
    const list = String(await other.send('CLIENT', ['LIST']));
    return list.split('\n').filter((line) => line.includes(' name=pool '));
  }
});
