import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { eventually, RedisServer } from '@nest-strata/testing';
import type { RedisPort, SubscriptionListener } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis } from './clients.js';

describe.each(IOREDIS_VERSIONS)('subscribing over %s', (_name, Client) => {
  let server: RedisServer;
  let other: RedisPort;
  let heard: string[];
  let events: string[];

  const listener: SubscriptionListener = {
    message: (channel, payload) => void heard.push(`${channel} ${payload.toString()}`),
    armed: () => void events.push('armed'),
    lost: (reason) => void events.push(reason),
  };
  const publish = (channel: string, text: string) => other.send('PUBLISH', [channel, text]);

  beforeEach(async () => {
    heard = [];
    events = [];
    server = await RedisServer.start();
    other = openRedis(Client, { url: server.url, deadline: '1s' });
    await other.connect();
  });
  afterEach(async () => {
    await closeAll();
    await server.stop();
  });

  /** A port of a user who may do everything, but for these rules. */
  async function openAs(...rules: string[]): Promise<RedisPort> {
    await other.send('ACL', ['SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all', ...rules]);
    return openRedis(Client, { url: `redis://app:pw@127.0.0.1:${server.port}`, deadline: '1s' });
  }

  it('opens nothing before something is followed, and is named after its port', async () => {
    const redis = openRedis(Client, { url: server.url, name: 'app', deadline: '1s' });
    const subscription = redis.subscribe(listener);
    expect(redis.state).toBe('connecting');
    const clients = async () => String(await other.send('CLIENT', ['LIST']));
    expect(await clients()).not.toContain('name=app');
    subscription.follow({ channels: ['news'] });
    await eventually(async () => (await clients()).includes('name=app:subscribe'));
  });

  it('follows thousands of channels with a few commands', async () => {
    const redis = openRedis(Client, { url: server.url, deadline: '1s' });
    const subscription = redis.subscribe(listener);
    const channels = Array.from({ length: 2_001 }, (_, index) => `user:${index}`);
    subscription.follow({ channels });
    await eventually(() => subscription.isArmed);
    await publish('user:2000', 'x');
    await eventually(() => heard.length === 1);
    const stats = String(await other.send('INFO', ['commandstats']));
    expect(stats).toContain('cmdstat_subscribe:calls=5,');
    subscription.unfollow({ channels: channels.slice(1) });
    await eventually(async () => (await publish('user:2000', 'x')) === 0);
    expect(await publish('user:0', 'x')).toBe(1);
  });

  it('tells those who follow what is refused, once, and nobody else, and hears once it may', async () => {
    const redis = await openAs('resetchannels', '&news:*');
    const refused = redis.subscribe(listener);
    const allowed = redis.subscribe({ ...listener, armed: () => void events.push('allowed is armed') });
    allowed.follow({ channels: ['news:1', 'news:2'], patterns: ['news:*'] });
    refused.follow({ channels: ['news:1', 'secret'] });
    await eventually(() => allowed.isArmed && events.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([...events].sort()).toEqual(['allowed is armed', expect.stringMatching(/subscribe: NOPERM/i)].sort());
    expect(refused).toMatchObject({ isArmed: false, losses: 1, heardUpToMs: -Infinity });
    expect(allowed.losses).toBe(0);
    await publish('news:1', 'x');
    await eventually(() => heard.length === 3);
    await openAs('allchannels');
    await eventually(() => refused.isArmed);
    expect(await publish('secret', 'x')).toBe(1);
  });

  it('tells once that there is no server, and hears when there is one', async () => {
    await server.kill();
    const redis = openRedis(Client, { url: server.url, deadline: '1s' });
    const subscription = redis.subscribe(listener);
    subscription.follow({ channels: ['news'] });
    await eventually(() => events.length > 0);
    await server.restart();
    await eventually(() => subscription.isArmed);
    expect(events).toEqual([expect.stringContaining('ECONNREFUSED'), 'armed']);
  });

  it('replaces a connection over which the server no longer answers', async () => {
    const redis = openRedis(Client, { url: server.url, deadline: '1s' });
    const subscription = redis.subscribe(listener, { heartbeatMs: 50 });
    subscription.follow({ channels: ['news'] });
    await eventually(() => subscription.isArmed);
    server.pause();
    await eventually(() => events.length === 2);
    server.resume();
    await eventually(() => subscription.isArmed);
    await publish('news', 'x');
    await eventually(() => heard.length === 1);
    expect(events).toEqual(['armed', expect.any(String), 'armed']);
  });

  it('does not let a listener that throws break anything', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    const redis = openRedis(Client, { url: server.url, deadline: '1s' });
    const broken = redis.subscribe({
      ...listener,
      message: () => {
        throw new Error('listener');
      },
    });
    const subscription = redis.subscribe(listener);
    broken.follow({ channels: ['news'] });
    subscription.follow({ channels: ['news'] });
    await eventually(() => broken.isArmed && subscription.isArmed);
    await publish('news', '1');
    await publish('news', '2');
    await eventually(() => heard.length === 2);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('threw Error: listener'));
    warn.mockRestore();
  });

  it.each([0, -1, NaN, Infinity, 600_001])('does not take %p for the time between two heartbeats', (heartbeatMs) => {
    const redis = openRedis(Client, { url: server.url });
    expect(() => redis.subscribe(listener, { heartbeatMs })).toThrow(
      expect.objectContaining({ code: 'INVALID_REDIS_OPTIONS' }),
    );
  });
});
