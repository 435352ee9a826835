import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createRedis, type RedisPort } from '@nest-strata/redis';
import { ChaosRedisPort, eventually, FaultProxy, Gate, RedisServer } from '@nest-strata/testing';
import { ChannelService, defineChannels, type ChannelEvent } from '../../src/index.js';
import { aStory, Page, Story } from './messages.js';

const channels = defineChannels({
  'stories:user:{id}': Story,
  'stories:all': Story,
  'stories:{kind}:pages:{page}': Page,
  'events:page_added': Page,
  numbers: { payload: { parse: (data: unknown) => Number(data) }, maxBytes: 256 },
});

describe('channels', () => {
  let server: RedisServer;
  let network: FaultProxy;
  let redis: ChaosRedisPort;
  let direct: RedisPort;
  let events: ChannelEvent[];
  let service: ChannelService<(typeof channels)['declarations']>;

  beforeEach(async () => {
    server = await RedisServer.start();
    network = await FaultProxy.start(server);
    redis = new ChaosRedisPort(createRedis({ url: network.urlOf(server.url), deadline: '2s' }));
    direct = createRedis({ url: server.url, deadline: '2s' });
    service = ChannelService.create({ channels, namespace: 'shop', heartbeat: '150ms' }, { redis });
    events = [];
    service.listen((event) => events.push(event));
    await Promise.all([redis.connect(), direct.connect()]);
  });
  afterEach(async () => {
    await service.close();
    await Promise.all([redis.close(), direct.close()]);
    await network.stop();
    await server.stop();
  });

  const kinds = () => events.map(({ kind }) => kind);

  it('hands a message to who listens to its channel, and to nobody else', async () => {
    const heard: unknown[] = [];
    const note = (name: string) => (data: unknown, message: { params: object; channel: string }) =>
      void heard.push([name, data, message.params, message.channel]);
    const subscriptions = [
      service.on('stories:user:{id}', note('seven'), { params: { id: 7 } }),
      service.on('stories:user:{id}', note('any user')),
      service.on('stories:all', note('all')),
      service.on('stories:*', note('star')),
    ];
    await Promise.all(subscriptions.map((subscription) => subscription.armed()));
    expect(await service.publish('stories:user:{id}', { id: 7 }, aStory)).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      receivers: 2,
    });
    await service.publish('stories:user:{id}', { id: '8:*?' }, aStory);
    await eventually(() => heard.length === 5);
    const story = Object.assign(new Story(), aStory);
    expect(heard).toHaveLength(5);
    expect(heard).toEqual(
      expect.arrayContaining([
        ['seven', story, { id: '7' }, 'stories:user:{id}'],
        ['any user', story, { id: '7' }, 'stories:user:{id}'],
        ['star', story, { id: '7' }, 'stories:user:{id}'],
        ['any user', story, { id: '8:*?' }, 'stories:user:{id}'],
        ['star', story, { id: '8:*?' }, 'stories:user:{id}'],
      ]),
    );
  });

  it('gives handlers an instance of the class, frozen, with who published it and when', async () => {
    const heard: { data: unknown; message: unknown }[] = [];
    await service.on('stories:all', (data, message) => void heard.push({ data, message })).armed();
    await service.publish('stories:all', { ...aStory, extra: 1 } as Story);
    await eventually(() => heard.length === 1);
    const [first] = heard;
    expect(first?.data).toBeInstanceOf(Story);
    expect(Object.keys(first?.data as object)).toEqual(['title', 'pages']);
    expect(Object.isFrozen(first?.data)).toBe(true);
    expect(first?.message).toMatchObject({
      sentAtMs: expect.any(Number),
      source: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  it('listens to several parameters locally, with one pattern on the server', async () => {
    const heard: unknown[] = [];
    await service
      .on('stories:{kind}:pages:{page}', (_page, { params }) => void heard.push(params), { params: { page: 2 } })
      .armed();
    expect(String(await direct.send('PUBSUB', ['NUMPAT']))).toBe('1');
    await service.publish('stories:{kind}:pages:{page}', { kind: 'short', page: 2 }, { text: 'a' });
    await service.publish('stories:{kind}:pages:{page}', { kind: 'short', page: 3 }, { text: 'b' });
    await direct.send('PUBLISH', ['strata:shop:channel:stories:a:b:pages:2', 'of no channel']);
    await service.publish('stories:{kind}:pages:{page}', { kind: 'long', page: 2 }, { text: 'c' });
    await eventually(() => heard.length === 2);
    expect(heard).toEqual([
      { kind: 'short', page: '2' },
      { kind: 'long', page: '2' },
    ]);
    expect(events).toEqual([]);
  });

  it('uses one connection for all handlers, and follows a channel as long as there is one', async () => {
    const first = service.on('stories:all', () => undefined);
    const second = service.on('stories:all', () => undefined);
    await Promise.all([first.armed(), second.armed()]);
    expect(network.connections.filter(({ isSubscriber }) => isSubscriber)).toHaveLength(1);
    await first.close();
    expect((await service.publish('stories:all', aStory)).receivers).toBe(1);
    await second.close();
    await eventually(async () => (await service.publish('stories:all', aStory)).receivers === 0);
  });

  it('refuses to publish what its receivers would refuse', async () => {
    const bad: [Record<string, unknown>, RegExp][] = [
      [{ title: 'x', pages: 0 }, /pages must not be less than 1/],
      [{ title: 'x' }, /pages/],
      [{ title: 'x', pages: new Date() }, /pages/],
      [JSON.parse('{"title":"x","pages":1,"__proto__":{"admin":true}}') as Record<string, unknown>, /__proto__/],
      [JSON.parse('{"title":"x","pages":1,"constructor":{}}') as Record<string, unknown>, /constructor/],
    ];
    for (const [payload, problem] of bad) {
      await expect(service.publish('stories:all', payload as unknown as Story)).rejects.toMatchObject({
        code: 'INVALID_MESSAGE',
        message: expect.stringMatching(problem),
      });
    }
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    await expect(service.publish('stories:all', circular as unknown as Story)).rejects.toThrow(/JSON cannot hold/);
    await expect(service.publish('stories:all', undefined as unknown as Story)).rejects.toThrow(/undefined/);
    await expect(service.publish('stories:all', [] as unknown as Story)).rejects.toThrow(/it is no object/);
    await expect(service.publish('numbers', 'x'.repeat(300) as unknown as number)).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
      maxBytes: 256,
    });
    await expect(service.publish('none' as 'numbers', 1)).rejects.toMatchObject({ code: 'UNKNOWN_CHANNEL' });
    await expect(service.publish('stories:user:{id}', { id: '' }, aStory)).rejects.toMatchObject({
      code: 'INVALID_CHANNEL_PARAMS',
    });
    expect(String(await direct.send('INFO', ['commandstats']))).not.toContain('cmdstat_publish');
  });

  it('tells of messages that are none, gives them to nobody, and changes no prototype', async () => {
    const heard: unknown[] = [];
    await service.on('stories:all', (data) => void heard.push(data)).armed();
    await service.on('stories:all', (data) => void heard.push(data)).armed();
    const envelope = { v: 1, id: 'x', ts: 1, src: 'y', type: 'stories:all', data: aStory };
    const raw = [
      'no JSON',
      'null',
      '1',
      JSON.stringify({ ...envelope, v: 2 }),
      JSON.stringify({ ...envelope, type: 'stories:other' }),
      JSON.stringify({ ...envelope, data: { title: 'x' } }),
      JSON.stringify(envelope).replace('"title"', '"__proto__":{"admin":true},"title"'),
      JSON.stringify(envelope).replace('"title"', '"\\u005f_proto__":{"admin":true},"title"'),
      JSON.stringify(envelope).replace('"title"', '"constructor":{"name":"x"},"title"'),
      JSON.stringify({ ...envelope, data: { ...aStory, title: 'x'.repeat(70_000) } }),
    ];
    for (const text of raw) await direct.send('PUBLISH', ['strata:shop:channel:stories:all', text]);
    await direct.send('PUBLISH', ['strata:shop:channel:stories:all', JSON.stringify(envelope)]);
    await eventually(() => heard.length === 2);
    expect(kinds()).toEqual(raw.map(() => 'message-rejected'));
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    expect((heard[0] as { admin?: boolean }).admin).toBeUndefined();
  });

  it('tells of a handler that fails, and goes on with the next message', async () => {
    const heard: number[] = [];
    await service
      .on('numbers', (data) => {
        heard.push(data);
        if (data === 1) throw new Error('handler');
        return data === 2 ? Promise.reject(new Error('later')) : undefined;
      })
      .armed();
    for (const data of [1, 2, 3]) await service.publish('numbers', data);
    await eventually(() => heard.length === 3);
    expect(events).toEqual([
      expect.objectContaining({
        kind: 'handler-failed',
        channel: 'numbers',
        error: new Error('handler'),
        willRetry: false,
      }),
      expect.objectContaining({ kind: 'handler-failed', error: new Error('later') }),
    ]);
  });

  it('warns of what is serious where nobody listens to events, and of listeners that throw', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    const other = ChannelService.create({ channels, namespace: 'shop' }, { redis });
    let count = 0;
    await other
      .on('numbers', () => {
        count++;
        throw new Error('handler');
      })
      .armed();
    await service.publish('numbers', 1);
    await eventually(() => count === 1 && warn.mock.calls.length === 1);
    expect(warn).toHaveBeenLastCalledWith(expect.stringContaining('handler-failed: Error: handler'));
    other.listen(() => {
      throw new Error('listener');
    });
    await service.publish('numbers', 1);
    await eventually(() => warn.mock.calls.length === 2);
    expect(warn).toHaveBeenLastCalledWith(expect.stringContaining('threw Error: listener'));
    await other.close();
    warn.mockRestore();
  });

  it('drops the oldest of what waits for a slow handler, and tells it where something is missing', async () => {
    const gate = new Gate<number>();
    const heard: (number | string)[] = [];
    await service
      .on(
        'numbers',
        async (data) => {
          heard.push(data);
          await gate.pass(data);
        },
        { queueLimit: 2, onGap: (reason) => void heard.push(reason) },
      )
      .armed();
    await service.publish('numbers', 1);
    await gate.arrival();
    for (const data of [2, 3, 4, 5]) await service.publish('numbers', data);
    await eventually(() => events.length === 2);
    gate.open();
    await eventually(() => heard.length === 4);
    expect(heard).toEqual([1, 'overflow', 4, 5]);
    expect(kinds()).toEqual(['messages-dropped', 'messages-dropped', 'gap']);
  });

  it('handles only the newest of what waits with one key, where that is asked for', async () => {
    const gate = new Gate<number>();
    const heard: number[] = [];
    const subscription = service.on(
      'numbers',
      async (data) => {
        heard.push(data);
        await gate.pass(data);
      },
      { coalesceBy: ({ data }) => String(data % 2) },
    );
    await subscription.armed();
    await service.publish('numbers', 1);
    await gate.arrival();
    for (const data of [2, 3, 4, 5, 6]) await service.publish('numbers', data);
    await eventually(async () => (await Promise.resolve(subscription.waitingCount)) === 2 && heard.length === 1);
    await service.publish('numbers', 7);
    await service.publish('numbers', 8);
    const settled: number[] = [];
    await service.on('numbers', (data) => void settled.push(data)).armed();
    await service.publish('numbers', 9);
    await eventually(() => settled.includes(9));
    gate.open();
    await eventually(() => heard.length === 3);
    expect(heard).toEqual([1, 8, 9]);
    expect(events).toEqual([]);
  });

  it('tells of a gap once its connection was killed, between what came before and what comes after', async () => {
    const heard: unknown[] = [];
    const subscription = service.on('numbers', (data) => void heard.push(data), {
      onGap: (reason) => void heard.push(reason),
    });
    await subscription.armed();
    await service.publish('numbers', 1);
    await eventually(() => heard.length === 1);
    await direct.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
    await eventually(() => heard.length === 2);
    expect(subscription.isArmed).toBe(true);
    expect((await service.publish('numbers', 2)).receivers).toBe(1);
    await eventually(() => heard.length === 3);
    expect(heard).toEqual([1, 'connection', 2]);
    expect(kinds()).toEqual(['lost', 'gap']);
  });

  it('tells of a gap after its connection was silent', async () => {
    const gaps: string[] = [];
    await service.on('stories:*', () => undefined, { onGap: (reason) => void gaps.push(reason) }).armed();
    network.where(({ isSubscriber }) => isSubscriber).blackhole();
    await eventually(() => kinds().includes('lost'));
    expect(gaps).toEqual([]);
    network.heal();
    await eventually(() => gaps.length === 1);
  });

  it.each([1, 2, 3, 4, 5])(
    'hears each of five messages but the one that is lost on its way: number %d',
    async (lost) => {
      const heard: number[] = [];
      await service.on('numbers', (data) => void heard.push(data)).armed();
      let published = 0;
      redis.onPublished = () => ++published !== lost;
      for (const data of [1, 2, 3, 4, 5]) expect((await service.publish('numbers', data)).receivers).toBe(1);
      await eventually(() => heard.length === 4 && published === 5);
      expect(heard).toEqual([1, 2, 3, 4, 5].filter((data) => data !== lost));
    },
  );

  it('hands nothing to a handler that was closed, and takes no others once it is closed itself', async () => {
    const heard: number[] = [];
    const subscription = service.on('numbers', (data) => void heard.push(data));
    await subscription.armed();
    await service.close();
    await subscription.armed();
    await service.publish('numbers', 1);
    expect(heard).toEqual([]);
    expect(() => service.on('numbers', () => undefined)).toThrow(/closed/);
  });

  it('is not heard in another namespace', async () => {
    const other = ChannelService.create({ channels, namespace: 'shop:channel' }, { redis });
    const heard: number[] = [];
    await other.on('*', (data) => void heard.push(data as number)).armed();
    expect((await service.publish('numbers', 1)).receivers).toBe(0);
    await other.close();
  });

  it.each([
    [{ queueLimit: 0 }, /queueLimit/],
    [{ group: 'a' }, /durable/],
    [{ onGap: 1 }, /no function/],
    [{ typo: 1 }, /options are params, name/],
  ])('does not take the options %j', (options, problem) => {
    expect(() => service.on('numbers', () => undefined, options as object)).toThrow(
      expect.objectContaining({ code: 'INVALID_CHANNEL_OPTIONS', message: expect.stringMatching(problem) }),
    );
    expect(() => service.on('nothing:*', () => undefined)).toThrow(/no channel 'nothing:\*'/);
  });
});
