import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultProxy, RedisServer } from '@nest-strata/testing';
import type { RedisPort } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis, openRedisOver } from './clients.js';
import { Hearing, HEARTBEAT_MS } from './hearing.js';

/** What a busy machine adds. */
const TOLERANCE_MS = 500;

describe.each(IOREDIS_VERSIONS)('losing what a watch listens with, over %s', (_name, Client) => {
  let server: RedisServer;
  let proxy: FaultProxy;
  let redis: RedisPort;
  let other: RedisPort;

  beforeEach(async () => {
    server = await RedisServer.start();
    proxy = await FaultProxy.start(server);
    redis = openRedis(Client, { url: proxy.urlOf(server.url), deadline: '500ms', socketTimeout: '300ms' });
    other = openRedis(Client, { url: server.url, deadline: '1s' });
    await other.connect();
  });
  afterEach(async () => {
    await closeAll();
    await proxy.stop();
    await server.stop();
  });

  const subscriber = () => proxy.where((connection) => connection.isSubscriber);
  const dataConnection = () => proxy.where((connection) => !connection.isSubscriber);
  const reset = async (connections: { resetConnections(): void }) => connections.resetConnections();

  /** Changes a key until the watch hears of it. */
  async function untilItHears(hearing: Hearing): Promise<void> {
    hearing.forget();
    await eventually(async () => {
      await other.send('SET', ['a:1', '1']);
      return hearing.keys.length > 0;
    });
  }

  it.each([
    ['the subscriber is killed by the server', () => other.send('CLIENT', ['KILL', 'TYPE', 'pubsub'])],
    ['the data connection is killed by the server', () => other.send('CLIENT', ['KILL', 'TYPE', 'normal'])],
    ['the subscriber is reset', () => reset(subscriber())],
    ['the data connection is reset', () => reset(dataConnection())],
    ['both are reset', () => reset(proxy)],
  ])('tells it once when %s, and hears again soon', async (_case, harm) => {
    const hearing = await Hearing.of(redis, 'auto', ['a:'], { heartbeatMs: 60_000 });
    await harm();
    await eventually(() => hearing.kinds.includes('lost'));
    expect(hearing.watch.heardUpToMs).toBe(-Infinity);
    await hearing.untilArmed();
    expect(hearing.kinds).toEqual(['armed', 'lost', 'armed']);
    expect(hearing.watch.losses).toBe(1);
    expect(hearing.watch.heardUpToMs).toBeGreaterThan(0);
    await untilItHears(hearing);
    expect(hearing.watch.losses).toBe(1);
  });

  it('tells once that the server died, and arms for all prefixes once it is back', async () => {
    const hearing = await Hearing.of(redis, 'auto', ['a:']);
    hearing.watch.follow(['b:']);
    await eventually(() => hearing.kinds.length === 2);
    hearing.forget();
    await server.kill();
    await eventually(() => hearing.kinds.length === 1);
    await sleep(200);
    hearing.watch.follow(['c:']);
    await server.restart();
    await hearing.untilArmed();
    expect(hearing.news).toEqual([
      { kind: 'lost', reason: expect.stringMatching(/^Redis is not connected/) },
      { kind: 'armed', prefixes: ['a:', 'b:', 'c:'] },
    ]);
    await other.connect();
    await untilItHears(hearing);
  });

  it('is certain of nothing while the server is frozen, and says so', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    const frozenMs = performance.now();
    server.pause();
    await eventually(() => !hearing.isArmed);
    expect(performance.now() - frozenMs).toBeLessThan(4 * HEARTBEAT_MS + TOLERANCE_MS);
    expect(hearing.reasons).toEqual([expect.stringMatching(/^Redis did not answer in time/)]);
    expect(hearing.watch.heardUpToMs).toBe(-Infinity);
    await sleep(800);
    server.resume();
    await hearing.untilArmed();
    await untilItHears(hearing);
    expect(hearing.watch.losses).toBe(1);
  });

  it('notices that the subscriber alone is cut off in silence, and replaces it', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    const cutMs = performance.now();
    subscriber().blackhole();
    await eventually(() => !hearing.isArmed);
    expect(performance.now() - cutMs).toBeLessThan(4 * HEARTBEAT_MS + TOLERANCE_MS);
    expect(redis.state).toBe('ready');
    await expect(redis.read(['a:1'])).resolves.toEqual([null]);
    await sleep(300);
    proxy.heal();
    await hearing.untilArmed();
    await untilItHears(hearing);
    expect(hearing.watch.losses).toBe(1);
  });

  it('replaces a subscriber that does not answer, long before anybody misses an answer of the port', async () => {
    const patient = openRedis(Client, { url: proxy.urlOf(server.url), socketTimeout: '10m' });
    const hearing = await Hearing.of(patient, 'auto');
    const [cutOff] = proxy.connections.filter((connection) => connection.isSubscriber);
    proxy.where(({ id }) => id === cutOff?.id).blackhole();
    await eventually(() => hearing.kinds.length === 3);
    await untilItHears(hearing);
    expect(hearing.watch.losses).toBe(1);
  });

  it('notices that the data connection alone is cut off in silence, though nobody uses it', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    dataConnection().blackhole();
    await eventually(() => !hearing.isArmed, 4 * HEARTBEAT_MS + TOLERANCE_MS);
    await eventually(() => redis.state === 'connecting');
    proxy.heal();
    await hearing.untilArmed();
    await untilItHears(hearing);
    expect(hearing.watch.losses).toBe(1);
  });

  it('notices that pushes do not get through though questions do', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    subscriber().drop('replies');
    await eventually(() => !hearing.isArmed, 4 * HEARTBEAT_MS + TOLERANCE_MS);
    proxy.heal();
    await hearing.untilArmed();
    await untilItHears(hearing);
    expect(hearing.watch.losses).toBe(1);
  });

  it('is told by the server that it does not reach the subscriber, before that misses an answer', async () => {
    const hearing = await Hearing.of(redis, 'auto', ['a:'], { heartbeatMs: 200 });
    const held = subscriber().hold();
    await other.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
    await other.send('SET', ['a:1', '1']);
    await eventually(() => !hearing.isArmed);
    expect(hearing.reasons).toEqual(['the server has stopped telling of changes']);
    held.release();
    await hearing.untilArmed();
    await untilItHears(hearing);
    expect(hearing.watch.losses).toBe(1);
  });

  it('never claims to have heard what is still on its way', async () => {
    const hearing = await Hearing.of(redis, 'auto', ['a:'], { heartbeatMs: 200 });
    const held = subscriber().hold();
    await other.send('SET', ['a:1', '1']);
    const changedMs = performance.now();
    await held.arrival('a:1');
    await sleep(250);
    expect(hearing.keys).toEqual([]);
    expect(hearing.watch.heardUpToMs).toBeLessThan(changedMs);
    held.release();
    await hearing.settle();
    expect(hearing.keys).toEqual(['a:1']);
    expect(hearing.watch.losses).toBe(0);
  });

  it('stays certain over a slow network, only later', async () => {
    const hearing = await Hearing.of(redis, 'auto', ['a:'], { heartbeatMs: 300 });
    proxy.delay(150);
    await sleep(400);
    let oldestMs = 0;
    for (const endMs = performance.now() + 1_000; performance.now() < endMs;) {
      oldestMs = Math.max(oldestMs, performance.now() - hearing.watch.heardUpToMs);
      await sleep(5);
    }
    expect(hearing.watch.losses).toBe(0);
    expect(oldestMs).toBeLessThan(1_000);
    expect(hearing.watch.lagMs).toBeGreaterThan(290);
  });

  it('is not armed by what it had begun before a loss', async () => {
    const hearing = new Hearing(redis, 'auto', { heartbeatMs: 300 });
    subscriber().delay(200);
    hearing.watch.follow(['a:']);
    const evals = async () => String(await other.send('INFO', ['commandstats'])).includes('cmdstat_eval:');
    await eventually(evals);
    dataConnection().resetConnections();
    await hearing.untilArmed();
    expect(hearing.kinds).toEqual(['lost', 'armed']);
    expect(hearing.watch.heardUpToMs).toBeGreaterThan(0);
    proxy.heal();
    await untilItHears(hearing);
  });

  it('is not armed by two connections that lead to different servers', async () => {
    await using second = await RedisServer.start();
    const target = { port: server.port };
    await using movable = await FaultProxy.start(target);
    const moved = openRedis(Client, { url: movable.urlOf(server.url), deadline: '1s' });
    const hearing = await Hearing.of(moved, 'auto');
    // So that the number of the subscriber is somebody's on the other server, too.
    const strangers = Array.from({ length: 10 }, () => openRedis(Client, { url: second.url, deadline: '1s' }));
    await Promise.all(strangers.map((port) => port.connect()));

    target.port = second.port;
    movable.where((connection) => !connection.isSubscriber).resetConnections();
    await hearing.untilArmed();
    await eventually(() => hearing.kinds.length === 3);
    hearing.forget();
    await strangers[0]?.send('SET', ['a:1', '1']);
    await hearing.untilHeard('a:1');
    const clients = String(await other.send('CLIENT', ['LIST']));
    expect(clients).not.toContain('strata:watch');
  });

  it('listens again after its port was told to close a connection', async () => {
    const hearing = await Hearing.of(redis, 'auto');
    await redis.send('QUIT', []);
    await eventually(() => hearing.kinds.length === 3);
    await untilItHears(hearing);
    expect(hearing.watch.losses).toBe(1);
  });
});

describe.each(IOREDIS_VERSIONS)('a busy process that watches over %s', (_name, Client) => {
  let server: RedisServer;
  let other: RedisPort;

  // Without a proxy, which would live in this very process and be as blocked as the rest of it.
  beforeEach(async () => {
    server = await RedisServer.start();
    other = openRedis(Client, { url: server.url, deadline: '5s' });
  });
  afterEach(async () => {
    await closeAll();
    await server.stop();
  });

  it('does not take its own blocked event loop for a loss', async () => {
    const hearing = await Hearing.of(openRedis(Client, { url: server.url }), 'auto', ['a:'], { heartbeatMs: 100 });
    for (const blockedMs of [150, 250, 450, 900]) {
      await other.send('SET', ['a:1', '1']);
      block(blockedMs);
      await hearing.settle();
    }
    expect(hearing.kinds).toEqual(['armed']);
    expect(hearing.keys).toHaveLength(4);
  });

  it('does not take it for one even if it was just waiting for the proof', async () => {
    let blocks = 0;
    const redis = openRedisOver({ url: server.url }, async (profile) => {
      const client = new Client({ ...profile, port: server.port });
      const call = client.callBuffer.bind(client);
      client.callBuffer = (command, args) => {
        if (blocks > 0 && (command === 'PING' || args[0] === 'TRACKINGINFO')) {
          blocks--;
          process.nextTick(() => block(350));
        }
        return call(command, args);
      };
      return client;
    });
    const hearing = await Hearing.of(redis, 'auto', ['a:'], { heartbeatMs: 75 });
    blocks = 6;
    await eventually(() => blocks === 0);
    await hearing.settle();
    expect(hearing.kinds).toEqual(['armed']);
  });
});

function block(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs;);
}
