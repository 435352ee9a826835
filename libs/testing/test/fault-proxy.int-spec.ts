import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, ServerOpts, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultProxy, freePort, RedisServer } from '@nest-strata/testing';
import { Redis } from 'ioredis';

let redis: RedisServer;
let proxy: FaultProxy;
let client: Redis;

beforeEach(async () => {
  redis = await RedisServer.start({ password: 'p@ss:/word' });
  proxy = await FaultProxy.start(redis);
  client = connectTo(proxy.urlOf(redis.url));
});

afterEach(async () => {
  client.disconnect();
  await proxy.stop();
  await redis.stop();
});

function connectTo(url: string, options = {}): Redis {
  const made = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => 20, disconnectTimeout: 50, ...options });
  made.on('error', () => undefined);
  return made;
}

/** A server of our own, gone with its connections when it is disposed of. */
async function listen(options: ServerOpts, onConnection: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createServer(options, (socket) => {
    sockets.push(socket);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const dispose = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port, [Symbol.asyncDispose]: dispose };
}

/** Whether a promise is still pending after `ms`. */
async function isPendingAfter(ms: number, promise: Promise<unknown>): Promise<boolean> {
  promise.catch(() => undefined);
  return (await Promise.race([promise, sleep(ms, 'pending')])) === 'pending';
}

describe('a good network', () => {
  it('carries everything, both ways, and the end of each stream', async () => {
    await using echo = await listen({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    await using toEcho = await FaultProxy.start(echo);
    const sent = randomBytes(5_000_000);
    const socket = connect(toEcho.port, '127.0.0.1').end(sent);
    expect((await buffer(socket)).equals(sent)).toBe(true);
  });

  it('counts connections and tells each side that the other is gone', async () => {
    await client.ping();
    expect([proxy.connectionCount, proxy.acceptedCount]).toEqual([1, 1]);
    client.disconnect();
    await eventually(() => proxy.connectionCount === 0);

    const second = connectTo(proxy.urlOf(redis.url), { retryStrategy: null });
    await second.ping();
    const closed = once(second, 'end');
    await redis.kill();
    await closed;
    await eventually(() => proxy.connectionCount === 0);
    expect(proxy.acceptedCount).toBe(2);
  });

  it('breaks the connection when there is no server behind it', async () => {
    await using toNowhere = await FaultProxy.start({ port: await freePort() });
    const socket = connect(toNowhere.port, '127.0.0.1');
    await expect(once(socket, 'close')).rejects.toThrow('ECONNRESET');
  });

  it('makes the sender wait when the receiver does not read', async () => {
    await using idle = await listen({ pauseOnConnect: true }, () => undefined);
    await using toIdle = await FaultProxy.start(idle);
    const sender = connect(toIdle.port, '127.0.0.1');
    let sentBytes = 0;
    const chunk = Buffer.alloc(1_048_576);
    const isStuck = async (): Promise<boolean> => {
      if (!sender.write(chunk)) return (await Promise.race([once(sender, 'drain'), sleep(300, 'stuck')])) === 'stuck';
      return false;
    };
    while (!(await isStuck())) {
      sentBytes += chunk.length;
      expect(sentBytes).toBeLessThan(64 * chunk.length);
    }
    sender.destroy();
  });
});

describe('a blackhole', () => {
  it('leaves a call without an answer and its connection open', async () => {
    await client.ping();
    proxy.blackhole();
    expect(await isPendingAfter(100, client.ping())).toBe(true);
    expect(client.status).toBe('ready');
    expect(proxy.connectionCount).toBe(1);
  });

  it('keeps requests from the server', async () => {
    await client.set('key', 'before');
    proxy.blackhole();
    expect(await isPendingAfter(50, client.set('key', 'after'))).toBe(true);
    const direct = connectTo(redis.url);
    expect(await direct.get('key')).toBe('before');
    direct.disconnect();
  });

  it('keeps dead what lost something, after it is healed, and takes new connections', async () => {
    await client.ping();
    proxy.blackhole();
    const lost = client.ping();
    expect(await isPendingAfter(50, lost)).toBe(true);
    proxy.heal();
    // A reply to the second call would settle the first.
    expect(await isPendingAfter(50, Promise.race([lost, client.ping()]))).toBe(true);
    const second = connectTo(proxy.urlOf(redis.url));
    expect(await second.ping()).toBe('PONG');
    second.disconnect();
  });

  it('does no harm to a connection that was idle meanwhile', async () => {
    await client.ping();
    proxy.blackhole();
    await sleep(20);
    proxy.heal();
    expect(await client.ping()).toBe('PONG');
  });

  it('accepts a new connection and answers nothing on it', async () => {
    proxy.blackhole();
    const second = connectTo(proxy.urlOf(redis.url), { connectTimeout: 1_000 });
    await once(second, 'connect');
    expect(await isPendingAfter(100, once(second, 'ready'))).toBe(true);
    second.disconnect();
  });

  it('tells the client nothing of a server that is gone', async () => {
    await client.ping();
    redis.pause();
    const unread = client.ping();
    expect(await isPendingAfter(20, unread)).toBe(true);
    proxy.blackhole();
    await redis.kill();
    expect(await isPendingAfter(50, unread)).toBe(true);
    expect(client.status).toBe('ready');
  });

  it('tells the server nothing of a client that is gone', async () => {
    await client.ping();
    proxy.blackhole();
    client.disconnect();
    await sleep(50);
    const direct = connectTo(redis.url);
    expect(
      String(await direct.client('LIST'))
        .trim()
        .split('\n'),
    ).toHaveLength(2);
    direct.disconnect();
  });
});

describe('a delay', () => {
  it('holds replies back by that time, in order, and requests not at all', async () => {
    await client.ping();
    const direct = connectTo(redis.url);
    await direct.ping();
    proxy.delay(150);
    const startedAtMs = performance.now();
    const replies: number[] = [];
    const calls = [1, 2, 3].map((count) => client.incr('count').then((value) => replies.push(value, count)));
    await eventually(() => performance.now() - startedAtMs > 40);
    expect(await direct.get('count')).toBe('3');
    expect(replies).toEqual([]);
    await Promise.all(calls);
    expect(replies).toEqual([1, 1, 2, 2, 3, 3]);
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(149);
    direct.disconnect();
  });

  it('lets nothing overtake what is held back when it is healed', async () => {
    await client.ping();
    proxy.delay(100);
    const order: string[] = [];
    const late = client.echo('late').then((text) => order.push(text));
    await sleep(20);
    proxy.heal();
    await Promise.all([late, client.echo('quick').then((text) => order.push(text))]);
    expect(order).toEqual(['late', 'quick']);
  });
});

describe('a late request', () => {
  it('arrives at the server by that time later', async () => {
    await client.ping();
    const direct = connectTo(redis.url);
    await direct.ping();
    proxy.delay(150, 'requests');
    const write = client.set('key', 'value');
    await sleep(40);
    expect(await direct.get('key')).toBeNull();
    expect(await write).toBe('OK');
    expect(await direct.get('key')).toBe('value');
    direct.disconnect();
  });
});

describe('a one-way street', () => {
  it('lets a write happen whose reply is lost, and the connection never answers again', async () => {
    await client.ping();
    const direct = connectTo(redis.url);
    proxy.drop('replies');
    expect(await isPendingAfter(50, client.set('key', 'value'))).toBe(true);
    expect(await direct.get('key')).toBe('value');
    proxy.heal();
    expect(await isPendingAfter(50, client.set('key', 'another'))).toBe(true);
    expect(await direct.get('key')).toBe('another');
    direct.disconnect();
  });

  it('lets pushes through while requests are lost', async () => {
    const direct = connectTo(redis.url);
    await client.subscribe('channel');
    const heard: string[] = [];
    client.on('message', (_, message) => heard.push(message));
    proxy.drop('requests');
    expect(await isPendingAfter(20, client.ping())).toBe(true);
    await direct.publish('channel', 'during');
    proxy.heal();
    await direct.publish('channel', 'after');
    await eventually(() => heard.length === 2);
    expect(heard).toEqual(['during', 'after']);
    direct.disconnect();
  });
});

describe('a hold', () => {
  it('keeps replies back, in order, until it is released', async () => {
    await client.ping();
    const held = proxy.hold();
    const order: string[] = [];
    const calls = ['first', 'second'].map((text) => client.echo(text).then((reply) => order.push(reply)));
    await held.arrival('second');
    expect(held.byteCount).toBe('$5\r\nfirst\r\n$6\r\nsecond\r\n'.length);
    expect(await isPendingAfter(20, Promise.race(calls))).toBe(true);
    held.release();
    held.release();
    await Promise.all([...calls, client.echo('third').then((reply) => order.push(reply))]);
    expect(order).toEqual(['first', 'second', 'third']);
    await held.arrival();
  });

  it('tells of a reply that is awaited before it comes', async () => {
    const held = proxy.hold();
    const handshake = held.arrival();
    const second = connectTo(proxy.urlOf(redis.url));
    await handshake;
    expect(await isPendingAfter(20, held.arrival('no such text'))).toBe(true);
    proxy.heal();
    expect(await second.ping()).toBe('PONG');
    second.disconnect();
  });

  it('keeps requests back', async () => {
    await client.set('key', 'before');
    const held = proxy.hold('requests');
    const write = client.set('key', 'after');
    await held.arrival();
    const direct = connectTo(redis.url);
    expect(await direct.get('key')).toBe('before');
    held.release();
    expect(await write).toBe('OK');
    expect(await direct.get('key')).toBe('after');
    direct.disconnect();
  });

  it('keeps the news back that the server is gone', async () => {
    await client.ping();
    proxy.hold();
    const closed = new Promise((resolve) => client.once('close', resolve));
    await redis.kill();
    expect(await isPendingAfter(50, closed)).toBe(true);
    proxy.heal();
    await expect(closed).resolves.toBeUndefined();
  });

  it('loses what it has when a blackhole follows', async () => {
    await client.ping();
    const held = proxy.hold();
    const call = client.ping();
    await held.arrival();
    proxy.blackhole();
    held.release();
    proxy.heal();
    expect(await isPendingAfter(50, call)).toBe(true);
  });
});

describe('chosen connections', () => {
  let subscriber: Redis;

  beforeEach(async () => {
    await client.client('SETNAME', 'data');
    subscriber = connectTo(proxy.urlOf(redis.url));
    await subscriber.subscribe('__redis__:invalidate');
  });

  afterEach(() => subscriber.disconnect());

  it('are known by their order, their name and whether they subscribe', () => {
    expect(proxy.connections).toMatchObject([
      { id: 0, name: 'data', isSubscriber: false },
      { id: 1, name: undefined, isSubscriber: true },
    ]);
  });

  it('alone meet a fault', async () => {
    proxy.where((connection) => connection.isSubscriber).blackhole();
    expect(await isPendingAfter(20, subscriber.ping())).toBe(true);
    expect(await client.ping()).toBe('PONG');
    proxy.where(({ name }) => name === 'data').delay(60);
    const startedAtMs = performance.now();
    await client.ping();
    expect(performance.now() - startedAtMs).toBeGreaterThan(50);
  });

  it('include those to come, from the request on that makes them known', async () => {
    proxy.where((connection) => connection.isSubscriber).blackhole();
    const next = connectTo(proxy.urlOf(redis.url));
    expect(await next.ping()).toBe('PONG');
    expect(await isPendingAfter(50, next.subscribe('channel'))).toBe(true);
    expect(await client.pubsub('NUMSUB', 'channel')).toEqual(['channel', 0]);
    next.disconnect();
  });

  it('alone are reset', async () => {
    const closed = new Promise((resolve) => subscriber.once('close', resolve));
    proxy.where(({ id }) => id === 1).resetConnections();
    await closed;
    expect(await client.ping()).toBe('PONG');
    expect(client.status).toBe('ready');
    await eventually(() => proxy.connections.at(-1)?.id === 2);
    // It answers once it has its channel again, which must not be cut short.
    await subscriber.ping();
  });

  it('follow the latest fault that concerns them', async () => {
    const data = proxy.where(({ name }) => name === 'data');
    data.delay(10_000);
    const held = data.hold();
    const call = client.ping();
    await held.arrival();
    proxy.where(({ isSubscriber }) => isSubscriber).blackhole();
    data.heal();
    expect(await call).toBe('PONG');
    expect(await isPendingAfter(20, subscriber.ping())).toBe(true);
    data.blackhole();
    proxy.heal();
    expect(await client.ping()).toBe('PONG');
  });

  it('meet the fault before it again when a hold is released', async () => {
    const data = proxy.where(({ name }) => name === 'data');
    data.delay(60);
    const held = data.hold();
    await sleep(1);
    held.release();
    const startedAtMs = performance.now();
    await client.ping();
    expect(performance.now() - startedAtMs).toBeGreaterThan(50);
  });
});

describe('a reset', () => {
  it('fails what is in flight, and lets the client come back', async () => {
    await client.ping();
    proxy.delay(1_000);
    const call = client.ping();
    await sleep(20);
    proxy.resetConnections();
    await expect(call).rejects.toThrow('max retries per request limit');
    proxy.heal();
    await once(client, 'ready');
    expect(await client.ping()).toBe('PONG');
    expect(proxy.acceptedCount).toBe(2);
  });

  it('reaches through a blackhole', async () => {
    await client.ping();
    proxy.blackhole();
    const closed = new Promise((resolve) => client.once('close', resolve));
    proxy.resetConnections();
    await expect(closed).resolves.toBeUndefined();
  });
});

describe('a stopped proxy', () => {
  it('has broken its connections, accepts none, and can be stopped again', async () => {
    await client.ping();
    const closed = new Promise((resolve) => client.once('close', resolve));
    await proxy.stop();
    await closed;
    await proxy.stop();
    await expect(once(connect(proxy.port, '127.0.0.1'), 'close')).rejects.toThrow('ECONNREFUSED');
  });
});
