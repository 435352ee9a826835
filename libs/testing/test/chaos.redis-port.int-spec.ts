import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedis, defineScript } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { ChaosRedisPort, eventually, FakeClock, RedisServer, SeededRandom } from '@nest-strata/testing';
import type { RedisCall } from '@nest-strata/testing';

const append = defineScript({
  name: 'append-once',
  keys: ['list'],
  args: ['text'],
  lua: `return redis.call('APPEND', KEYS[1], ARGV[1])`,
  parse: Number,
});

let server: RedisServer;
let real: RedisPort;
let chaos: ChaosRedisPort;

beforeAll(async () => {
  server = await RedisServer.start();
  real = createRedis({ url: server.url, deadline: '5s' });
  await real.connect();
});

afterAll(async () => {
  await real.close();
  await server.stop();
});

beforeEach(async () => {
  await real.send('FLUSHALL', []);
  chaos = new ChaosRedisPort(real);
});

async function textAt(key: string): Promise<string | undefined> {
  return (await real.read([key]))[0]?.toString();
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  promise.catch(() => undefined);
  return (await Promise.race([promise, sleep(30, 'pending')])) === 'pending';
}

describe('a port before a real one', () => {
  it('is that port at first', async () => {
    await chaos.connect();
    const states: string[] = [];
    chaos.onStateChange((state) => states.push(state))();
    expect([chaos.state, chaos.reason, states]).toEqual(['ready', undefined, []]);
    await chaos.send('SET', ['a', '1']);
    expect(await chaos.run(append, { list: 'a' }, { text: '2' })).toBe(2);
    expect(String(await chaos.read(['a']))).toBe('12');
    const keys: string[] = [];
    for await (const batch of chaos.scan('*')) keys.push(...batch);
    expect(keys).toEqual(['a']);
  });

  it('keeps calls in the batch of their tick', async () => {
    const readsOfServer = async (): Promise<number> =>
      Number(/total_reads_processed:(\d+)/.exec(String(await real.send('INFO', ['stats'])))?.[1]);
    const before = await readsOfServer();
    await new Promise((resolve) =>
      setImmediate(() => resolve(Promise.all([real, chaos].map((port) => port.send('PING', []))))),
    );
    expect(await readsOfServer()).toBe(before + 2); // the batch and INFO
  });

  it('closes the real one', async () => {
    const closing = new ChaosRedisPort(createRedis({ url: server.url }));
    await closing.connect();
    await closing.close();
    expect(closing.state).toBe('closed');
  });
});

describe('hooks', () => {
  it('see every call and its reply', async () => {
    const calls: RedisCall[] = [];
    const replies: string[] = [];
    chaos.onCall = (call) => void calls.push(call);
    chaos.onReply = ({ name }, reply) => void replies.push(`${name} ${String(reply)}`);
    await chaos.send('set', ['a', 'x']);
    await chaos.run(append, { list: 'a' }, { text: 'y' });
    await chaos.read(['a']);
    for await (const _ of chaos.scan('a*'));
    expect(calls).toEqual([
      { kind: 'send', name: 'SET', keys: [], args: ['a', 'x'] },
      { kind: 'run', name: 'append-once', keys: ['a'], args: ['y'] },
      { kind: 'read', name: 'MGET', keys: ['a'], args: [] },
      { kind: 'scan', name: 'SCAN', keys: [], args: ['a*'] },
    ]);
    expect(replies.slice(0, 3)).toEqual(['SET OK', 'append-once 2', 'MGET xy']);
  });

  it('act between the steps of a call', async () => {
    chaos.onReply = async ({ kind }) => {
      if (kind === 'read') await real.send('SET', ['a', 'new']);
    };
    await real.send('SET', ['a', 'old']);
    expect(String(await chaos.read(['a']))).toBe('old');
    expect(await textAt('a')).toBe('new');
  });

  it('decide what a call rejects with, before it is sent or after it was done', async () => {
    chaos.onCall = () => {
      throw new Error('not sent');
    };
    await expect(chaos.send('SET', ['a', '1'])).rejects.toThrow('not sent');
    expect(await textAt('a')).toBeUndefined();
    chaos = new ChaosRedisPort(real);
    chaos.onReply = () => Promise.reject(new Error('done'));
    await expect(chaos.send('SET', ['a', '1'])).rejects.toThrow('done');
    expect(await textAt('a')).toBe('1');
  });
});

describe('gates', () => {
  it('keep the calls that are meant from being sent', async () => {
    const gate = chaos.gateCalls(({ name }) => name === 'SET');
    const write = chaos.send('SET', ['a', '1']);
    expect(await gate.arrival()).toMatchObject({ name: 'SET', args: ['a', '1'] });
    expect(await chaos.read(['a'])).toEqual([null]);
    gate.release();
    await write;
    expect(await textAt('a')).toBe('1');
    gate.open();
    await chaos.send('SET', ['a', '2']);
  });

  it('keep replies from who asked, while Redis has done it', async () => {
    const gate = chaos.gateReplies(({ name }) => name === 'append-once');
    const call = chaos.run(append, { list: 'a' }, { text: 'y' });
    await gate.arrival();
    expect([await textAt('a'), await isPending(call)]).toEqual(['y', true]);
    gate.fail(new Error('too late'));
    await expect(call).rejects.toThrow('too late');
  });
});

describe('news of changed keys', () => {
  it('come from the real port, held back as long as the test likes', async () => {
    const heard: string[] = [];
    const watch = chaos.watch(
      { mode: 'tracking', channel: 'changes', heartbeatMs: 100 },
      {
        changed: (keys) => heard.push(...keys),
        armed: () => heard.push('armed'),
        lost: (reason) => heard.push(`lost: ${reason}`),
      },
    );
    watch.follow(['watched:']);
    await eventually(() => heard.includes('armed') && watch.heardUpToMs > 0);
    chaos.notifications.hold();
    const heardUpToMs = watch.heardUpToMs;
    const writer = createRedis({ url: server.url, deadline: '5s' });
    await writer.connect();
    await writer.send('SET', ['watched:a', '1']);
    await chaos.notifications.arrival();
    await sleep(250);
    expect([heard, watch.heardUpToMs]).toEqual([['armed'], heardUpToMs]);
    chaos.notifications.deliver();
    expect(heard).toEqual(['armed', 'watched:a']);
    expect(watch.heardUpToMs).toBeGreaterThan(heardUpToMs);
    await writer.close();
    await watch.close();
  });
});

describe('chance', () => {
  it('refuses calls, which are not sent', async () => {
    chaos.disturb({ refuse: 1 });
    await expect(chaos.send('SET', ['a', '1'])).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
      reason: 'not-connected',
    });
    await expect(chaos.scan('*')[Symbol.asyncIterator]().next()).rejects.toThrow('refused by chance');
    chaos.disturb({});
    expect(await chaos.read(['a'])).toEqual([null]);
  });

  it('loses replies of what was done', async () => {
    chaos.disturb({ loseReply: 1 });
    await expect(chaos.send('SET', ['a', '1'])).rejects.toMatchObject({ reason: 'deadline' });
    expect(await textAt('a')).toBe('1');
  });

  it('delays calls', async () => {
    const clock = new FakeClock();
    chaos = new ChaosRedisPort(real, { clock });
    chaos.disturb({ delayMs: { min: 20, max: 40 } });
    const write = chaos.send('SET', ['a', '1']);
    await clock.advanceAsync(19);
    expect(await isPending(write)).toBe(true);
    await clock.advanceAsync(21);
    expect(String(await write)).toBe('OK');
  });

  it('strikes as often as it is told, and with one seed always the same calls', async () => {
    const struckWith = async (seed: number): Promise<string> => {
      chaos = new ChaosRedisPort(real, { random: new SeededRandom(seed) });
      chaos.disturb({ refuse: 0.2 });
      const calls = Array.from({ length: 1_000 }, () => chaos.send('PING', []));
      return (await Promise.allSettled(calls)).map(({ status }) => (status === 'rejected' ? 'x' : '.')).join('');
    };
    const struck = await struckWith(7);
    const count = struck.replaceAll('.', '').length;
    expect([count > 150, count < 250]).toEqual([true, true]);
    expect(await struckWith(7)).toBe(struck);
    expect(await struckWith(8)).not.toBe(struck);
  });
});
