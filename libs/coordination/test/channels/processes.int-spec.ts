import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedis, type RedisPort } from '@nest-strata/redis';
import { eventually, Fleet, RedisServer } from '@nest-strata/testing';
import { ChannelService } from '../../src/index.js';
import { countedChannels, type ChannelsWorker } from '../fixtures/channels.worker.js';

const SOURCES = [
  '--conditions=@nest-strata/source',
  '--import',
  new URL('../../../../tools/dev.mjs', import.meta.url).href,
];
const PATIENCE_MS = 20_000;

describe('channels between processes', () => {
  let server: RedisServer;
  let redis: RedisPort;
  let fleet: Fleet<ChannelsWorker>;
  let service: ChannelService<(typeof countedChannels)['declarations']>;

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = createRedis({ url: server.url, deadline: '2s' });
    await redis.connect();
    service = ChannelService.create({ channels: countedChannels, namespace: 'shop' }, { redis });
    fleet = await Fleet.start<ChannelsWorker>(new URL('../fixtures/channels.worker.ts', import.meta.url), {
      size: 3,
      dataOf: () => ({ url: server.url }),
      execArgv: SOURCES,
    });
  });
  afterEach(async () => {
    await fleet.stop();
    await redis.close();
    await server.stop();
  });

  it('have every durable message handled, whichever process is killed, stopped or ended meanwhile', async () => {
    const all = Array.from({ length: 300 }, (_, index) => index + 1);
    const publish = (counts: number[]) => Promise.all(counts.map((count) => service.publish('counts:kept', count)));
    const done = async () =>
      ((await redis.send('LRANGE', ['done', 0, -1])) as Buffer[]).map(
        (line) => String(line).split(' ') as [string, string],
      );
    const untilBusy = (name: string) =>
      eventually(async () => (await done()).some(([worker]) => worker === name), PATIENCE_MS);
    const pending = async () =>
      ((await redis.send('XPENDING', ['strata:shop:stream:{counts:kept}', 'workers'])) as [number])[0];
    await publish(all);
    await untilBusy('worker-0');
    await fleet.worker(0).kill();
    await untilBusy('worker-1');
    fleet.worker(1).pause();
    expect(await pending()).toBeGreaterThan(0);
    await eventually(async () => new Set((await done()).map(([, count]) => count)).size === all.length, PATIENCE_MS);
    fleet.worker(1).resume();
    await eventually(async () => (await pending()) === 0, PATIENCE_MS);
    await fleet.worker(2).terminate();
    expect(await service.deadLetters('counts:kept')).toEqual([]);
  });

  it('reach each process that listens, and show it a gap where it stood still for too long', async () => {
    let count = 0;
    const publish = () => service.publish('counts:live', ++count);
    const reachesAll = async () => (await publish()).receivers === 3;
    await eventually(reachesAll, PATIENCE_MS);
    for (let round = 0; round < 20; round++) expect((await publish()).receivers).toBe(3);
    fleet.worker(0).pause();
    await redis.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
    await eventually(async () => (await publish()).receivers === 2, PATIENCE_MS);
    fleet.worker(0).resume();
    await eventually(reachesAll, PATIENCE_MS);
    await sleep(50);
    for (const worker of fleet.workers) {
      const hearsTheNext = async () => {
        await publish();
        return (await worker.call('heard')).includes(count);
      };
      await eventually(hearsTheNext, PATIENCE_MS);
      const heard = await worker.call('heard');
      const holes = heard.filter(
        (item, at) => item !== 'gap' && at > 0 && heard[at - 1] !== 'gap' && heard[at - 1] !== item - 1,
      );
      expect(holes).toEqual([]);
      expect(heard).toContain('gap');
    }
  }, 60_000);
});
