import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedis, type RedisPort } from '@nest-strata/redis';
import { eventually, FaultProxy, RedisServer, SeededRandom } from '@nest-strata/testing';
import { ChannelService, defineChannels } from '../../src/index.js';

const channels = defineChannels({ 'counts:{lane}': { parse: Number } });

describe('messages that are missing', () => {
  let server: RedisServer;
  let network: FaultProxy;
  let publisher: RedisPort;
  let redis: RedisPort;
  let admin: RedisPort;

  beforeEach(async () => {
    server = await RedisServer.start();
    network = await FaultProxy.start(server);
    publisher = createRedis({ url: server.url, deadline: '2s' });
    admin = createRedis({ url: server.url, deadline: '2s' });
    redis = createRedis({ url: network.urlOf(server.url), deadline: '2s' });
    await Promise.all([publisher.connect(), admin.connect(), redis.connect()]);
  });
  afterEach(async () => {
    await Promise.all([publisher.close(), admin.close(), redis.close()]);
    await network.stop();
    await server.stop();
  });

  const faults: [string, (random: SeededRandom) => Promise<void>][] = [
    [
      'its connection is killed',
      async () => {
        await admin.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
      },
    ],
    [
      'its connection is reset in the middle of a message',
      async () => {
        network.where(({ isSubscriber }) => isSubscriber).resetConnections();
        return Promise.resolve();
      },
    ],
    [
      'the network is silent for a while',
      async (random) => {
        network.where(({ isSubscriber }) => isSubscriber).blackhole();
        await sleep(150 + 150 * random.fraction());
        network.heal();
      },
    ],
  ];

  it.each(faults)('are told where they are missing, all of them, when %s again and again', async (_case, strike) => {
    const random = new SeededRandom(7);
    const sender = ChannelService.create({ channels, namespace: 'shop' }, { redis: publisher });
    const service = ChannelService.create({ channels, namespace: 'shop', heartbeat: '50ms' }, { redis });
    const heard: (number | 'gap')[] = [];
    const subscription = service.on('counts:{lane}', (count) => void heard.push(count), {
      params: { lane: 1 },
      onGap: () => void heard.push('gap'),
    });
    await subscription.armed();
    let published = 0;
    let reached = 0;
    const publishOn = async () => {
      const { receivers } = await sender.publish('counts:{lane}', { lane: 1 }, ++published);
      reached += receivers > 0 ? 1 : 0;
    };
    const strikes = { areOver: false };
    const publishing = (async () => {
      while (!strikes.areOver) await Promise.all([publishOn(), publishOn(), publishOn()]);
    })();
    for (let round = 0; round < 6; round++) {
      await sleep(20 + 60 * random.fraction());
      await strike(random);
      await eventually(() => subscription.isArmed);
    }
    strikes.areOver = true;
    await publishing;
    await eventually(async () => {
      await publishOn();
      await sleep(20);
      return heard.at(-1) === published;
    });
    const holes = heard.flatMap((count, at) => {
      const before = heard.slice(0, at).findLast((item) => item !== 'gap') ?? 0;
      const isHole = count !== 'gap' && count !== before + 1 && heard[at - 1] !== 'gap';
      return isHole ? [`${before} → ${count}`] : [];
    });
    expect(holes).toEqual([]);
    const counts = heard.filter((item) => item !== 'gap');
    expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b));
    expect(counts.length).toBeLessThanOrEqual(reached);
    expect(counts.length).toBeLessThan(published);
    await service.close();
    await sender.close();
  });
});
