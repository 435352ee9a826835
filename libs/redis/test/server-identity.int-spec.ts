import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, RedisServer } from '@nest-strata/testing';
import { Redis } from 'ioredis';
import { readServerIdentity } from '../src/index.js';
import { closeAll, openRedis } from './clients.js';

describe('readServerIdentity', () => {
  afterEach(closeAll);

  const open = (url: string) => openRedis(Redis, { url, deadline: '1s' });

  it('stays the same until the server is started again', async () => {
    await using server = await RedisServer.start();
    const redis = open(server.url);
    const before = await readServerIdentity(redis);
    const id: unknown = expect.stringMatching(/^[0-9a-f]{40}$/);
    expect(before).toEqual({ runId: id, replicationId: id, role: 'primary' });
    await expect(readServerIdentity(redis)).resolves.toEqual(before);
    await server.restart();
    await eventually(() => redis.state === 'connecting');
    await redis.connect();
    const after = await readServerIdentity(redis);
    expect(after?.runId).not.toBe(before?.runId);
  });

  it('tells a replica from its primary, and one that was promoted from both', async () => {
    await using server = await RedisServer.start({ config: { 'repl-diskless-sync-delay': 0 } });
    await using second = await RedisServer.start({ config: { replicaof: ['127.0.0.1', server.port] } });
    const [primary, replica] = [open(server.url), open(second.url)];
    await eventually(async () => String(await replica.send('INFO', ['replication'])).includes('master_link_status:up'));
    const first = await readServerIdentity(primary);
    const copy = await readServerIdentity(replica);
    expect(first?.role).toBe('primary');
    expect(copy).toMatchObject({ role: 'replica', replicationId: first?.replicationId });
    expect(copy?.runId).not.toBe(first?.runId);
    await replica.send('REPLICAOF', ['NO', 'ONE']);
    const promoted = await readServerIdentity(replica);
    expect(promoted).toMatchObject({ role: 'primary', runId: copy?.runId });
    expect(promoted?.replicationId).not.toBe(first?.replicationId);
  });

  it('is unknown where the server does not permit the question, and when there is no answer', async () => {
    await using server = await RedisServer.start({ args: ['--user', 'app', 'on', '>pw', '~*', '+@all', '-info'] });
    await expect(readServerIdentity(open(`redis://app:pw@127.0.0.1:${server.port}`))).resolves.toBeUndefined();
    await expect(readServerIdentity(open('redis://127.0.0.1:1'))).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });
});
