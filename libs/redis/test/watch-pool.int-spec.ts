import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultProxy, RedisServer } from '@nest-strata/testing';
import { createRedis } from '../src/index.js';
import type { RedisPort } from '../src/index.js';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { closeAll, IOREDIS_VERSIONS, openRedis } from './clients.js';
import { Hearing } from './hearing.js';

describe.each(IOREDIS_VERSIONS)('watching over several connections of %s', (_name, Client) => {
  let server: RedisServer;
  let redis: RedisPort;
  let other: RedisPort;
  let hearing: Hearing;

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = openRedis(Client, { url: server.url, connections: 3, name: 'pool', deadline: '1s' });
    other = openRedis(Client, { url: server.url, deadline: '1s' });
    hearing = await Hearing.of(redis, 'auto');
    await eventually(async () => (await connections()).length === 3);
  });
  afterEach(async () => {
    await closeAll();
    await server.stop();
  });

  interface Connection {
    readonly id: string;
    readonly isTracking: boolean;
    readonly command: string;
  }

  async function connections(): Promise<Connection[]> {
    const list = String(await other.send('CLIENT', ['LIST']));
    return [...list.matchAll(/^id=(\d+) .* name=pool .* flags=(\w+) .* cmd=(\S+)/gm)].map(
      ([, id = '', flags = '', command = '']) => ({ id, isTracking: flags.includes('t'), command }),
    );
  }

  async function kill(isChosen: (connection: Connection) => boolean): Promise<void> {
    const chosen = (await connections()).find(isChosen);
    await other.send('CLIENT', ['KILL', 'ID', chosen?.id ?? '']);
  }

  async function writeAndRead(): Promise<void> {
    for (let round = 0; round < 9; round++) {
      await redis.send('SET', ['a:1', round]);
      await redis.read(['a:1']);
      await Promise.all([redis.read(['a:1']), redis.send('DEL', ['a:2'])]);
    }
    await hearing.settle();
  }

  it('sends all writes over the one that tracks, and hears none of them; all share the reads', async () => {
    await writeAndRead();
    expect(hearing.keys).toEqual([]);
    for (let round = 0; round < 3; round++) await redis.read(['a:1']);
    expect(await connections()).toEqual(
      expect.arrayContaining([
        { id: expect.any(String), isTracking: true, command: 'get' },
        { id: expect.any(String), isTracking: false, command: 'get' },
        { id: expect.any(String), isTracking: false, command: 'get' },
      ]),
    );
    for (let round = 0; round < 3; round++) await redis.send('SET', ['a:1', round]);
    const wrote = (await connections()).filter(({ command }) => command === 'set');
    expect(wrote).toEqual([expect.objectContaining({ isTracking: true })]);
  });

  it('loses nothing with a connection that does not track', async () => {
    await kill(({ isTracking }) => !isTracking);
    await eventually(async () => (await connections()).length === 3);
    await other.send('SET', ['a:1', '1']);
    await hearing.untilHeard('a:1');
    expect(hearing.kinds).toEqual(['armed']);
  });

  it('tracks over another one, and writes over that, when it loses the one that did', async () => {
    await kill(({ isTracking }) => isTracking);
    await eventually(() => hearing.kinds.length === 3);
    await eventually(async () => (await connections()).length === 3);
    expect((await connections()).filter(({ isTracking }) => isTracking)).toHaveLength(1);
    hearing.forget();
    await writeAndRead();
    expect(hearing.news).toEqual([]);
    await other.send('SET', ['a:1', '1']);
    await hearing.untilHeard('a:1');
  });

  it('stops tracking over one that answers too late', async () => {
    await using proxy = await FaultProxy.start(server);
    const url = proxy.urlOf(server.url);
    const slow = openRedis(Client, { url, connections: 2, name: 'pool', deadline: '1s', socketTimeout: '10m' });
    await hearing.watch.close();
    await redis.close();
    const heard = await Hearing.of(slow, 'auto');
    await eventually(() => proxy.connections.length === 3);
    const [tracking] = (await connections()).filter(({ isTracking }) => isTracking);
    for (const { id, isSubscriber } of proxy.connections) {
      if (isSubscriber || heard.watch.losses > 0) continue;
      const held = proxy.where((connection) => connection.id === id).hold();
      await eventually(() => heard.kinds.length === 3, 2_000).catch(() => undefined);
      held.release();
    }
    await eventually(async () => (await connections()).filter(({ isTracking }) => isTracking).length === 1);
    const [other] = (await connections()).filter(({ isTracking }) => isTracking);
    expect(other?.id).not.toBe(tracking?.id);
    expect(heard.kinds).toEqual(['armed', 'lost', 'armed']);
  });

  it('begins to track nothing more once nobody watches', async () => {
    await using proxy = await FaultProxy.start(server);
    await hearing.watch.close();
    await redis.close();
    const lone = openRedis(Client, {
      url: proxy.urlOf(server.url),
      name: 'pool',
      deadline: '5s',
      socketTimeout: '10m',
    });
    await lone.connect();
    const held = proxy.where(({ id }) => id === 0).hold('replies');
    const { watch } = new Hearing(lone, 'auto', { heartbeatMs: 10_000 });
    watch.follow(['a:']);
    await eventually(async () => (await connections()).some(({ command }) => command === 'info'));
    const subscriber = proxy.where(({ isSubscriber }) => isSubscriber).hold('requests'); // nobody could be told without it
    const closing = watch.close();
    held.release();
    await lone.read(['a:1']);
    await lone.read(['a:1']);
    subscriber.release();
    await closing;
    expect(await connections()).toEqual([expect.objectContaining({ isTracking: false, command: 'get' })]);
  });

  it('uses all of them for writes again once nobody watches', async () => {
    await hearing.watch.close();
    await eventually(async () => (await connections()).every(({ isTracking }) => !isTracking));
    for (let round = 0; round < 9; round++) await redis.send('SET', ['a:1', round]);
    expect((await connections()).map(({ command }) => command)).toEqual(['set', 'set', 'set']);
  });
});

describe.each([
  ['ioredis 6', Redis6],
  ['ioredis 5', Redis5],
] as [string, typeof Redis6][])("watching with a user's own client of %s", (_name, Client) => {
  let own: Redis6 | undefined;
  let redis: RedisPort | undefined;

  afterEach(async () => {
    await redis?.close();
    own?.disconnect();
  });

  it('tracks by duplicates, whatever the settings of the client, which stays as it is', async () => {
    await using server = await RedisServer.start();
    own = new Client(server.url, { keyPrefix: 'own:', connectionName: 'own', autoResubscribe: true });
    const listeners = (client: Redis6) => client.eventNames().map((event) => [event, client.listenerCount(event)]);
    const listenersBefore = listeners(own);
    redis = createRedis({ client: own, name: 'ours', deadline: '1s' });
    const hearing = await Hearing.of(redis, 'auto', ['own:a:']);
    await redis.send('SET', ['own:a:1', '1']);
    await own.set('a:2', '2');
    await hearing.untilHeard('own:a:2');
    await own.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await eventually(() => hearing.kinds.length === 3);
    await own.set('a:3', '3');
    await hearing.untilHeard('own:a:3');
    expect(hearing.keys).toEqual(['own:a:2', 'own:a:3']);
    expect(await own.client('LIST')).toMatch(/ name=own .* flags=N /);
    expect(listeners(own)).toEqual(listenersBefore);
    await redis.close();
    await expect(own.get('a:1')).resolves.toBe('1');
  });
});
