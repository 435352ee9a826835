import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, FaultProxy, RedisServer } from '@nest-strata/testing';
import type { RedisArgument, RedisClient, RedisPort } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis, openRedisOver } from './clients.js';
import { Hearing } from './hearing.js';

describe.each(IOREDIS_VERSIONS)('watching without tracking over %s', (_name, Client) => {
  let server: RedisServer;
  let other: RedisPort;

  beforeEach(async () => {
    server = await RedisServer.start();
    other = openRedis(Client, { url: server.url, deadline: '1s' });
    await other.connect();
  });
  afterEach(async () => {
    await closeAll();
    await server.stop();
  });

  /** A port of a user who may do everything on all keys and channels, but for these rules. */
  async function openAs(...rules: string[]): Promise<RedisPort> {
    await other.send('ACL', ['SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all', ...rules]);
    return openRedis(Client, { url: `redis://app:pw@127.0.0.1:${server.port}`, deadline: '1s' });
  }

  const publish = (message: string) => other.send('PUBLISH', ['changes', message]);

  describe('the bus', () => {
    it('hears what others publish, for the prefixes that it follows', async () => {
      const redis = openRedis(Client, { url: server.url, deadline: '1s' });
      const hearing = await Hearing.of(redis, 'bus', ['a:']);
      expect(hearing.watch.mode).toBe('bus');
      await publish('0123\na:1\nb:1\na:é');
      await publish('0123\nb:1');
      await hearing.settle();
      expect(hearing.news).toEqual([
        { kind: 'armed', prefixes: ['a:'] },
        { kind: 'changed', keys: ['a:1', 'a:é'] },
      ]);
      hearing.watch.follow(['a:', 'b:']);
      await eventually(() => hearing.kinds.length === 2);
      expect(hearing.news.at(-1)).toEqual({ kind: 'armed', prefixes: ['b:'] });
      await publish('0123\nb:1');
      await hearing.untilHeard('b:1');
      expect(String(await redis.send('CLIENT', ['TRACKINGINFO']))).toContain('off');
    });

    it('does not hear what it publishes itself, nor mere changes', async () => {
      const redis = openRedis(Client, { url: server.url, deadline: '1s' });
      const [hearing, second] = await Promise.all([Hearing.of(redis, 'bus'), Hearing.of(redis, 'bus')]);
      const { channel, source } = hearing.watch.announcement ?? {};
      expect(channel).toBe('changes');
      expect(source).toMatch(/^[0-9a-f]{16}$/);
      expect(second.watch.announcement?.source).not.toBe(source);
      await publish(`${source}\na:1`);
      await other.send('SET', ['a:2', '1']);
      await Promise.all([hearing.settle(), second.settle()]);
      expect(hearing.keys).toEqual([]);
      expect(second.keys).toEqual(['a:1']);
    });

    it.each(['', 'x', '0123\n', '\na:1', '0123\na:1\n\na:2'])('takes the message %j for a loss', async (message) => {
      const redis = openRedis(Client, { url: server.url, deadline: '1s' });
      const hearing = await Hearing.of(redis, 'bus');
      await publish(message);
      await hearing.settle();
      expect(hearing.news.slice(1)).toEqual([
        { kind: 'lost', reason: 'a message that cannot be read came over the bus' },
        { kind: 'armed', prefixes: ['a:'] },
      ]);
    });

    it('tells once that its subscriber was lost, or is silent, and hears again', async () => {
      await using proxy = await FaultProxy.start(server);
      const redis = openRedis(Client, { url: proxy.urlOf(server.url), deadline: '1s' });
      const hearing = await Hearing.of(redis, 'bus');
      await other.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
      await eventually(() => hearing.kinds.length === 3);
      proxy.where((connection) => connection.isSubscriber).blackhole();
      await eventually(() => hearing.kinds.length === 4);
      expect(hearing.watch.heardUpToMs).toBe(-Infinity);
      proxy.heal();
      await hearing.untilArmed();
      expect(hearing.kinds).toEqual(['armed', 'lost', 'armed', 'lost', 'armed']);
      await publish('0123\na:1');
      await hearing.untilHeard('a:1');
    });

    it('does not care for the connections of its port', async () => {
      const redis = openRedis(Client, { url: server.url, deadline: '1s' });
      const hearing = await Hearing.of(redis, 'bus');
      await redis.send('QUIT', []);
      await sleep(100);
      expect(hearing.kinds).toEqual(['armed']);
    });

    it('does not let a listener that throws break anything', async () => {
      const warn = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
      const redis = openRedis(Client, { url: server.url, deadline: '1s' });
      const keys: string[] = [];
      const watch = redis.watch(
        { mode: 'bus', channel: 'changes', heartbeatMs: 50 },
        {
          changed: ([key]) => {
            keys.push(key ?? '');
            throw new Error('listener');
          },
          armed: () => undefined,
          lost: () => undefined,
        },
      );
      watch.follow(['a:']);
      await eventually(() => watch.heardUpToMs > 0);
      await publish('0123\na:1');
      await publish('0123\na:2');
      await eventually(() => keys.length === 2);
      expect(warn).toHaveBeenCalledWith(expect.stringContaining('threw Error: listener'));
      warn.mockRestore();
    });
  });

  describe('auto', () => {
    it.each([
      ['may not track', ['-client|tracking']],
      ['may not ask for an id', ['-client|id']],
      ['may only listen to the bus', ['resetchannels', '&changes']],
    ])('falls back to the bus for a user who %s, and stays with it', async (_case, rules) => {
      const redis = await openAs(...rules);
      const hearing = new Hearing(redis, 'auto');
      hearing.watch.follow(['a:']);
      expect(hearing.watch.announcement).toMatchObject({ channel: 'changes' });
      await hearing.untilArmed();
      expect(hearing.kinds).toEqual(['armed']);
      expect(hearing.watch.mode).toBe('bus');
      expect(hearing.watch.announcement).toMatchObject({ channel: 'changes' });
      await publish('0123\na:1');
      await hearing.untilHeard('a:1');

      await openAs('allchannels');
      await other.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
      await eventually(() => hearing.kinds.length === 3);
      expect(hearing.watch.mode).toBe('bus');
    });

    it('falls back when the server accepts tracking, but tells nothing', async () => {
      const redis = openRedisOver({ url: server.url, deadline: '1s' }, async (profile) =>
        pretendToTrack(new Client({ ...profile, port: server.port })),
      );
      const hearing = await Hearing.of(redis, 'auto');
      expect(hearing.watch.mode).toBe('bus');
    });

    it('believes a server on which it may change nothing', async () => {
      const redis = await openAs('-eval');
      const hearing = await Hearing.of(redis, 'auto');
      expect(hearing.watch.mode).toBe('tracking');
    });

    it.each([
      ['TRACKING', 'ERR upstream failure'],
      ['__redis__:invalidate', 'LOADING Redis is loading the dataset in memory'],
    ])('does not fall back for an error to %s that passes', async (word, reply) => {
      let timesLeft = 3;
      const redis = openRedisOver({ url: server.url, deadline: '1s' }, async (profile) =>
        answerFor(new Client({ ...profile, port: server.port }), (args) =>
          args[0] === word && timesLeft-- > 0 ? Promise.reject(replyError(reply)) : undefined,
        ),
      );
      const hearing = await Hearing.of(redis, 'auto');
      expect(hearing.news).toEqual([
        { kind: 'lost', reason: expect.stringContaining(reply) },
        { kind: 'armed', prefixes: ['a:'] },
      ]);
      expect(hearing.watch.mode).toBe('tracking');
    });

    it('goes over to the bus, and tells whom to publish to, when tracking is forbidden later', async () => {
      const redis = await openAs();
      const hearing = await Hearing.of(redis, 'auto');
      expect(hearing.watch.announcement).toBeUndefined();
      await openAs('-client|tracking');
      await other.send('CLIENT', ['KILL', 'TYPE', 'normal']);
      await eventually(() => hearing.kinds.length === 3);
      expect(hearing.kinds).toEqual(['armed', 'lost', 'armed']);
      expect(hearing.watch.mode).toBe('bus');
      expect(hearing.watch.announcement).toMatchObject({ channel: 'changes' });
    });

    it('says why when it may not listen at all, and listens once it may', async () => {
      const redis = await openAs('resetchannels');
      const hearing = new Hearing(redis, 'auto');
      hearing.watch.follow(['a:']);
      await eventually(() => hearing.kinds.length > 0);
      await sleep(300);
      expect(hearing.news).toEqual([{ kind: 'lost', reason: expect.stringMatching(/subscribe: NOPERM/i) }]);
      expect(hearing.watch).toMatchObject({ mode: undefined, losses: 1, heardUpToMs: -Infinity });
      expect(hearing.watch.announcement).toMatchObject({ channel: 'changes' });
      await openAs('allchannels');
      await hearing.untilArmed();
      expect(hearing.watch.mode).toBe('bus');
    });
  });

  describe('tracking that was asked for', () => {
    it('does not fall back: it says why it hears nothing, once, and hears once it may', async () => {
      const redis = await openAs('-client|tracking');
      const hearing = new Hearing(redis, 'tracking');
      hearing.watch.follow(['a:']);
      await eventually(() => hearing.kinds.length > 0);
      await sleep(300);
      expect(hearing.news).toEqual([{ kind: 'lost', reason: expect.stringMatching(/refused CLIENT: NOPERM/) }]);
      expect(hearing.watch).toMatchObject({ mode: 'tracking', announcement: undefined, losses: 1 });
      await openAs();
      await hearing.untilArmed();
      await other.send('SET', ['a:1', '1']);
      await hearing.untilHeard('a:1');
    });

    it('tells of a refusal also after a loss', async () => {
      const redis = await openAs();
      const hearing = await Hearing.of(redis, 'tracking');
      await openAs('-client|tracking');
      await other.send('CLIENT', ['KILL', 'TYPE', 'normal']);
      await eventually(() => hearing.reasons.some((reason) => reason.includes('NOPERM')));
      expect(hearing.kinds).toEqual(['armed', 'lost', 'lost']);
    });

    it('is not content with a server that accepts tracking, but tells nothing', async () => {
      const redis = openRedisOver({ url: server.url, deadline: '1s' }, async (profile) =>
        pretendToTrack(new Client({ ...profile, port: server.port })),
      );
      const hearing = new Hearing(redis, 'tracking');
      hearing.watch.follow(['a:']);
      await eventually(() => hearing.kinds.length > 0);
      expect(hearing.reasons).toEqual(['the server accepts CLIENT TRACKING, but does not tell of changes']);
    });

    it.each([
      ['what it tracks', ['-client|trackinginfo']],
      ['what it tracks and for whom', ['-client|trackinginfo', '-client|getredir']],
      ['anything', ['-client|trackinginfo', '-client|getredir', '-ping', '-info']],
    ])('lives on where it may not ask the server %s', async (_case, rules) => {
      const redis = await openAs(...rules);
      const hearing = await Hearing.of(redis, 'tracking');
      for (let round = 0; round < 3; round++) await hearing.settle();
      await other.send('SET', ['a:1', '1']);
      await hearing.untilHeard('a:1');
      expect(hearing.kinds).toEqual(['armed']);
      expect(String(await other.send('INFO', ['commandstats']))).toMatch(/client\|trackinginfo:.*rejected_calls=1,/);
    });
  });
});

/** A client of a proxy that knows `CLIENT TRACKING` by name only. */
function pretendToTrack(client: RedisClient): RedisClient {
  return answerFor(client, ([word]) => {
    if (word === 'TRACKING') return Promise.resolve(Buffer.from('OK'));
    if (word === 'TRACKINGINFO' || word === 'GETREDIR') return Promise.reject(replyError('ERR unknown subcommand'));
    return undefined;
  });
}

/** A client of a proxy that answers some commands by itself. */
function answerFor(
  client: RedisClient,
  answer: (args: readonly RedisArgument[]) => Promise<unknown> | undefined,
): RedisClient {
  const call = client.callBuffer.bind(client);
  client.callBuffer = (command: string, args: RedisArgument[]) => answer(args) ?? call(command, args);
  return client;
}

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}
