import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedis, type RedisPort } from '@nest-strata/redis';
import { ChaosRedisPort, eventually, Gate, RedisServer } from '@nest-strata/testing';
import {
  ChannelService,
  defineChannels,
  type ChannelEvent,
  type ChannelMessage,
  type DurableHandlerOptions,
} from '../../src/index.js';
import { aStory, Story } from './messages.js';

const channels = defineChannels({
  'jobs:print:{printer}': { payload: Story, durable: true, keepMessages: 1000 },
  'jobs:seen': Story,
});

type Service = ChannelService<(typeof channels)['declarations']>;

describe('a durable channel', () => {
  let server: RedisServer;
  let direct: RedisPort;
  const open: { close(): Promise<void> }[] = [];
  let events: ChannelEvent[];

  beforeEach(async () => {
    events = [];
    server = await RedisServer.start();
    direct = createRedis({ url: server.url, deadline: '2s' });
    await direct.connect();
  });
  afterEach(async () => {
    for (const item of open.splice(0).reverse()) await item.close();
    await direct.close();
    await server.stop();
  });

  /** A process, as far as Redis can tell. */
  async function openService(): Promise<{ service: Service; redis: ChaosRedisPort }> {
    const redis = new ChaosRedisPort(createRedis({ url: server.url, deadline: '2s' }));
    await redis.connect();
    const service = ChannelService.create({ channels, namespace: 'shop', heartbeat: '150ms' }, { redis });
    service.listen((event) => events.push(event));
    open.push(redis, service);
    return { service, redis };
  }

  const QUICK: DurableHandlerOptions = { group: 'print', retryAfter: '20ms', claimAfter: '400ms', pollEvery: '50ms' };
  const CHANNEL = 'jobs:print:{printer}';
  const STREAM = 'strata:shop:stream:{jobs:print:(printer)}';
  const publish = (service: Service, pages: number) =>
    service.publish(CHANNEL, { printer: 'a b' }, { ...aStory, pages });
  const kinds = () => events.map(({ kind }) => kind);
  const pendingCount = async () => ((await direct.send('XPENDING', [STREAM, 'print'])) as unknown[])[0];

  it('keeps messages until somebody comes for them, and hands out each once in each group', async () => {
    const { service } = await openService();
    for (const pages of [1, 2, 3]) await publish(service, pages);
    const heard: Record<string, number[]> = { print: [], bind: [] };
    const messages: ChannelMessage[] = [];
    for (const group of ['print', 'print', 'bind']) {
      service.on(
        CHANNEL,
        ({ pages }, message) => {
          heard[group]?.push(pages);
          messages.push(message);
        },
        { ...QUICK, group },
      );
    }
    for (const pages of [4, 5, 6]) await publish(service, pages);
    await eventually(() => messages.length === 12);
    await eventually(async () => (await pendingCount()) === 0);
    expect([...(heard['print'] ?? [])].sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(heard['bind']).toEqual([1, 2, 3, 4, 5, 6]);
    expect(messages[0]).toMatchObject({ params: { printer: 'a b' }, delivery: 1, channel: CHANNEL });
    expect(messages[0]?.data).toBeInstanceOf(Story);
    expect(events).toEqual([]);
  });

  it('begins with what comes, where that is asked for', async () => {
    const { service } = await openService();
    await publish(service, 1);
    const heard: number[] = [];
    await service.on(CHANNEL, ({ pages }) => void heard.push(pages), { ...QUICK, startAt: 'now' }).armed();
    await publish(service, 2);
    await eventually(() => heard.length > 0);
    expect(heard).toEqual([2]);
  });

  it('hands out a message at once, though it looks for itself only once in an hour', async () => {
    const { service } = await openService();
    const heard: number[] = [];
    const subscription = service.on(CHANNEL, ({ pages }) => void heard.push(pages), { ...QUICK, pollEvery: '1h' });
    await subscription.armed();
    const listeners = async () => ((await direct.send('PUBSUB', ['NUMSUB', `${STREAM}:bell`])) as [Buffer, number])[1];
    await eventually(async () => (await listeners()) === 1 && subscription.isArmed);
    await direct.send('SET', ['quiet', '1']); // what the news that it listens has set off is over
    expect((await publish(service, 1)).receivers).toBe(1);
    await eventually(() => heard.length > 0);
    expect(heard[0]).toBe(1);
  });

  it('hands out a message though nobody told of it', async () => {
    const { service, redis } = await openService();
    redis.onPublished = () => false;
    const heard: number[] = [];
    await service.on(CHANNEL, ({ pages }) => void heard.push(pages), QUICK).armed();
    await publish(service, 1);
    await eventually(() => heard.length === 1);
    expect(heard).toEqual([1]);
  });

  it('hands a message out again after its handler failed, and lets the others pass', async () => {
    const { service } = await openService();
    const heard: [number, number][] = [];
    service.on(
      CHANNEL,
      ({ pages }, { delivery }) => {
        heard.push([pages, delivery]);
        if (pages === 1 && delivery < 3) throw new Error('no paper');
      },
      QUICK,
    );
    await publish(service, 1);
    await publish(service, 2);
    await eventually(() => heard.length === 4);
    await eventually(async () => (await pendingCount()) === 0);
    expect(heard.filter(([pages]) => pages === 1)).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
    ]);
    expect(events).toEqual([
      expect.objectContaining({ kind: 'handler-failed', willRetry: true, error: new Error('no paper') }),
      expect.objectContaining({ kind: 'handler-failed', willRetry: true }),
    ]);
  });

  it('makes a dead letter of what fails too often, which can be handed to its group once more', async () => {
    const { service } = await openService();
    let hasPaper = false;
    const heard: number[] = [];
    const others: number[] = [];
    service.on(
      CHANNEL,
      ({ pages }) => {
        if (!hasPaper) throw new Error('no paper');
        heard.push(pages);
      },
      { ...QUICK, maxDeliveries: 2 },
    );
    service.on(CHANNEL, ({ pages }) => void others.push(pages), { ...QUICK, group: 'bind' });
    await publish(service, 7);
    await eventually(() => kinds().includes('dead-lettered'));
    expect(kinds()).toEqual(['handler-failed', 'handler-failed', 'dead-lettered']);
    const [letter, ...more] = await service.deadLetters(CHANNEL);
    expect(more).toEqual([]);
    expect(letter).toMatchObject({ group: 'print', params: { printer: 'a b' }, deliveries: 2, reason: 'no paper' });
    expect(JSON.parse(letter?.text ?? '')).toMatchObject({ data: { pages: 7 } });
    hasPaper = true;
    expect(await service.redeliver(CHANNEL, letter?.id ?? '')).toBe(true);
    expect(await service.redeliver(CHANNEL, letter?.id ?? '')).toBe(false);
    await publish(service, 8);
    await eventually(() => heard.length === 2 && others.length === 2);
    expect(heard).toEqual([7, 8]);
    expect(others).toEqual([7, 8]);
    expect(await service.deadLetters(CHANNEL)).toEqual([]);
  });

  it('makes a dead letter at once of what is no message', async () => {
    const { service } = await openService();
    const heard: number[] = [];
    await service.on(CHANNEL, ({ pages }) => void heard.push(pages), QUICK).armed();
    await direct.send('XADD', [STREAM, '*', 'c', 'jobs:print:x', 'd', 'no JSON']);
    await direct.send('XADD', [STREAM, '*', 'odd', '1']);
    await publish(service, 1);
    await eventually(() => heard.length === 1 && kinds().length === 4);
    expect(kinds().sort()).toEqual(['dead-lettered', 'dead-lettered', 'message-rejected', 'message-rejected']);
    expect((await service.deadLetters(CHANNEL)).map(({ reason }) => reason)).toEqual([
      'it was rejected',
      'it was rejected',
    ]);
  });

  it('hands what a process had that is gone to another one', async () => {
    const { service: gone, redis } = await openService();
    const taken = new Gate<number>();
    gone.on(CHANNEL, ({ pages }) => taken.pass(pages), QUICK);
    const { service } = await openService();
    await publish(service, 1);
    await taken.arrival();
    redis.onCall = () => Promise.reject(new Error('frozen')); // as in a process that was stopped
    const heard: [number, number][] = [];
    service.on(CHANNEL, ({ pages }, { delivery }) => void heard.push([pages, delivery]), QUICK);
    await eventually(() => heard.length === 1);
    expect(heard).toEqual([[1, 2]]);
    taken.open();
    redis.onCall = () => undefined;
    await eventually(async () => (await pendingCount()) === 0);
  });

  it('leaves a message to a handler that takes long, as long as its process lives', async () => {
    const { service } = await openService();
    const { service: other } = await openService();
    const gate = new Gate<number>();
    let calls = 0;
    const handle = async ({ pages }: Story) => {
      calls++;
      await gate.pass(pages);
    };
    service.on(CHANNEL, handle, QUICK);
    other.on(CHANNEL, handle, QUICK);
    await publish(service, 1);
    await gate.arrival();
    await sleep(1_500);
    expect(calls).toBe(1);
    gate.open();
    await eventually(async () => (await pendingCount()) === 0);
    expect(calls).toBe(1);
  });

  it('gives a message up that every process goes away with', async () => {
    const { service } = await openService();
    const first = service.on(CHANNEL, () => undefined, QUICK);
    await first.armed();
    await first.close();
    await publish(service, 1);
    for (const consumer of ['a', 'b']) {
      if (consumer === 'a') await direct.send('XREADGROUP', ['GROUP', 'print', consumer, 'STREAMS', STREAM, '>']);
      const [[id]] = (await direct.send('XPENDING', [STREAM, 'print', '-', '+', 1])) as [[Buffer]];
      if (consumer === 'b') await direct.send('XCLAIM', [STREAM, 'print', consumer, 0, id]);
    }
    const heard: number[] = [];
    service.on(CHANNEL, ({ pages }) => void heard.push(pages), { ...QUICK, maxDeliveries: 2 });
    await eventually(() => kinds().includes('dead-lettered'));
    expect(heard).toEqual([]);
    expect(await service.deadLetters(CHANNEL)).toMatchObject([
      { deliveries: 2, reason: expect.stringMatching(/went away/) },
    ]);
  });

  it('acknowledges what it has done once Redis can be reached again, and does not do it twice', async () => {
    const { service, redis } = await openService();
    let calls = 0;
    const handle = () => {
      calls++;
    };
    await service.on(CHANNEL, handle, QUICK).armed();
    let failures = 2;
    redis.onCall = ({ name }) => {
      if (name === 'XACK' && failures-- > 0) throw new Error('lost');
    };
    await publish(service, 1);
    await eventually(async () => calls === 1 && (await pendingCount()) === 0);
    expect(calls).toBe(1);
    expect(kinds()).toEqual(['stream-unavailable']);
  });

  it('goes on after a flush and after a restart of the server', async () => {
    const { service } = await openService();
    const heard: number[] = [];
    const subscription = service.on(CHANNEL, ({ pages }) => void heard.push(pages), { ...QUICK, startAt: 'now' });
    await subscription.armed();
    await publish(service, 1);
    await eventually(() => heard.length === 1);
    await direct.send('FLUSHALL', []);
    await publish(service, 2);
    await eventually(() => heard.length === 2);
    await server.kill();
    await eventually(() => kinds().includes('stream-unavailable'));
    expect(subscription.isArmed).toBe(false);
    await server.restart();
    await eventually(() => subscription.isArmed);
    await publish(service, 3);
    await eventually(() => heard.includes(3));
    expect(heard).toEqual([1, 2, 3]);
  });

  it('handles as many at once as it may, and ends what it has begun before it closes', async () => {
    const { service } = await openService();
    const gate = new Gate<number>();
    const subscription = service.on(CHANNEL, ({ pages }) => gate.pass(pages), { ...QUICK, concurrency: 2 });
    for (const pages of [1, 2, 3]) await publish(service, pages);
    await eventually(() => gate.waiting.length === 2);
    expect(subscription.waitingCount).toBe(2);
    let isClosed = false;
    const closed = subscription.close().then(() => (isClosed = true));
    await sleep(50);
    expect(isClosed).toBe(false);
    gate.open();
    await closed;
    expect(await pendingCount()).toBe(0);
    expect(((await direct.send('XINFO', ['CONSUMERS', STREAM, 'print'])) as unknown[]).length).toBe(0);
    expect(await direct.send('XLEN', [STREAM])).toBe(3);
  });

  it('keeps about as many messages as it is declared with', async () => {
    const { service } = await openService();
    for (let round = 0; round < 30; round++) {
      await Promise.all(Array.from({ length: 100 }, () => publish(service, 1)));
    }
    expect(await direct.send('XLEN', [STREAM])).toBeLessThan(1_200);
  });

  it('is registered for by its own name, with a group', async () => {
    const { service } = await openService();
    expect(() => service.on('jobs:*', () => undefined)).toThrow(/'jobs:print:{printer}' too, which is durable/);
    expect(() => service.on(CHANNEL, () => undefined)).toThrow(/group is missing|group of channels is missing/);
    expect(() => service.on(CHANNEL, () => undefined, { ...QUICK, queueLimit: 1 })).toThrow(/not for durable channels/);
    expect(() => service.on(CHANNEL, () => undefined, { ...QUICK, claimAfter: '1ms' })).toThrow(/from '100ms' to '1h'/);
    expect(() => service.deadLetters('jobs:seen' as typeof CHANNEL)).toThrow(/which 'jobs:seen' is not/);
  });
});
