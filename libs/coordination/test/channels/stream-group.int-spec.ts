import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createRedis, type RedisPort } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';
import type { StreamEntry } from '../../src/channels/durable/stream-entry.js';
import { StreamGroup } from '../../src/channels/durable/stream-group.js';

describe('StreamGroup, for a process that was stopped while another one took its message', () => {
  let server: RedisServer;
  let redis: RedisPort;
  let stopped: StreamGroup;
  let other: StreamGroup;
  let entry: StreamEntry;

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = createRedis({ url: server.url, deadline: '2s' });
    await redis.connect();
    const member = (consumer: string) =>
      new StreamGroup({ redis, stream: 's', dead: 's:dead', group: 'g', consumer, startAt: 'oldest' });
    [stopped, other] = [member('stopped'), member('other')];
    await redis.send('XADD', ['s', '*', 'c', 'a', 'd', 'message']);
    const [read] = await stopped.read(1);
    if (read === undefined) throw new Error('nothing was read');
    entry = read;
    await other.claim(1, 0, 5);
  });
  afterEach(async () => {
    await redis.close();
    await server.stop();
  });

  /** With whom the message is, and how long it has been silent. */
  async function standing(): Promise<{ owner: string; idleMs: number }> {
    const [[, owner, idleMs] = []] = (await redis.send('XPENDING', ['s', 'g', '-', '+', 1])) as unknown[][];
    return { owner: (owner as Buffer).toString(), idleMs: Number(idleMs) };
  }

  it('counts how often a message was handed out', async () => {
    expect(entry.delivery).toBe(1);
    const { claimed } = await other.claim(1, 0, 5);
    expect(claimed).toMatchObject([{ id: entry.id, delivery: 3, message: Buffer.from('message') }]);
  });

  it('neither gives back nor renews what is not with it any more', async () => {
    await stopped.release(entry.id, 3_600_000);
    await stopped.renew([entry.id]);
    const { owner, idleMs } = await standing();
    expect(owner).toBe('other');
    expect(idleMs).toBeLessThan(3_600_000);
    await other.release(entry.id, 3_600_000);
    expect((await standing()).idleMs).toBeGreaterThanOrEqual(3_600_000);
  });

  it('buries nothing that the other one has dealt with', async () => {
    await other.acknowledge([entry.id]);
    await stopped.bury(entry, 'too late');
    expect(await redis.send('XLEN', ['s:dead'])).toBe(0);
  });

  it('leaves no consumer behind that has nothing left, and none out that has', async () => {
    const consumers = async () => ((await redis.send('XINFO', ['CONSUMERS', 's', 'g'])) as unknown[]).length;
    await stopped.leave();
    await other.leave();
    expect(await consumers()).toBe(1);
    await other.acknowledge([entry.id]);
    await other.leave();
    expect(await consumers()).toBe(0);
  });
});
