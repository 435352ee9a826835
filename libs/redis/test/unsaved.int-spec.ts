import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, RedisServer } from '@nest-strata/testing';
import type { RedisPort } from '../src/index.js';
import { closeAll, IOREDIS_VERSIONS, openRedis } from './clients.js';
import { Hearing } from './hearing.js';

describe.each(IOREDIS_VERSIONS)('a server that cannot save its data over %s', (_name, Client) => {
  let server: RedisServer;
  let folder: string;
  let redis: RedisPort;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'unsaved-'));
    server = await RedisServer.start({ dataDir: folder, config: { save: '3600 1000000' } });
    redis = open();
    await redis.send('SET', ['a:1', 'old']);
  });
  afterEach(async () => {
    await closeAll();
    await server.kill(); // it would not end without saving
    await rm(folder, { recursive: true, force: true });
  });

  function open(): RedisPort {
    return openRedis(Client, { url: server.url, deadline: '500ms', breaker: { failures: 1 } });
  }

  /** From now on it refuses writes, and says so to `PING` as well. */
  async function failToSave(): Promise<void> {
    await rm(folder, { recursive: true });
    await redis.send('BGSAVE', []);
    await eventually(() =>
      redis.send('PING', []).then(
        () => false,
        () => true,
      ),
    );
    await expect(redis.send('PING', [])).rejects.toMatchObject({ replyCode: 'MISCONF' });
  }

  it('is read by those who connect to it then', async () => {
    await failToSave();
    const late = open();
    await late.connect();
    await expect(late.read(['a:1'])).resolves.toEqual([Buffer.from('old')]);
    await expect(late.send('SET', ['a:1', 'new'])).rejects.toMatchObject({ replyCode: 'MISCONF' });
    expect(late.state).toBe('ready');
  });

  it('is asked again once it answers', async () => {
    await failToSave();
    server.pause();
    await expect(redis.read(['a:1'])).rejects.toMatchObject({ reason: 'deadline' });
    expect(redis.state).toBe('breaker-open');
    server.resume();
    await eventually(() => redis.state === 'ready');
    await expect(redis.read(['a:1'])).resolves.toEqual([Buffer.from('old')]);
  });

  it.each(['tracking', 'tracking-reads', 'bus'] as const)('is heard without a loss by %s', async (mode) => {
    const hearing = await Hearing.of(redis, mode);
    await failToSave();
    await hearing.settle();
    await hearing.settle();
    expect(hearing.kinds).toEqual(['armed']);
  });

  it('does not put those on the bus who begin to listen then', async () => {
    await failToSave();
    const hearing = await Hearing.of(redis, 'auto');
    expect(hearing.watch.mode).toBe('tracking');
    await redis.send('CONFIG', ['SET', 'stop-writes-on-bgsave-error', 'no']);
    await open().send('SET', ['a:1', 'new']);
    await hearing.untilHeard('a:1');
  });
});
