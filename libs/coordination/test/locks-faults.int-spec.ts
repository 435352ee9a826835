import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { eventually, FaultProxy, Fleet, RedisServer, setWallClockOffset } from '@nest-strata/testing';
import { fileURLToPath } from 'node:url';
import { LockService } from '../src/locks/lock.service.js';
import { LockProcesses } from './locks-harness.js';
import type { LockWorker } from './fixtures/locks.worker.js';

/** What Node needs to run TypeScript sources of this repository. */
const SOURCES: readonly string[] = [
  '--enable-source-maps',
  '--conditions=@nest-strata/source',
  '--import',
  fileURLToPath(new URL('../../../tools/dev.mjs', import.meta.url)),
];

let processes: LockProcesses;
let fleet: Fleet<LockWorker>;

beforeAll(async () => {
  processes = await LockProcesses.start();
  fleet = await Fleet.start<LockWorker>(new URL('./fixtures/locks.worker.ts', import.meta.url), {
    size: 3,
    dataOf: () => ({ url: processes.server.url, namespace: processes.namespace }),
    execArgv: SOURCES,
  });
});

afterAll(async () => {
  await fleet.stop();
  await processes[Symbol.asyncDispose]();
});

describe('a process that is stopped', () => {
  it('knows that it has lost its lock when it goes on, and its writes are refused', async () => {
    const [stopped, other] = [fleet.worker(0), fleet.worker(1)];
    const first = await stopped.call('acquire', 'stopped', { ttl: '300ms' });
    expect(await stopped.call('write', 'stopped', 'first')).toBe('written');
    stopped.pause();
    const second = await other.call('acquire', 'stopped', { wait: 'forever', ttl: '10s' });
    expect(second.fence > first.fence).toBe(true);
    expect(await other.call('write', 'stopped', 'second')).toBe('written');
    stopped.resume();
    expect(await stopped.call('standing', 'stopped')).toEqual({
      thrown: 'LOCK_LOST',
      isAborted: true,
      remainingMs: 0,
    });
    expect(await stopped.call('write', 'stopped', 'first again')).toBe('STALE_FENCE');
    expect(await stopped.call('release', 'stopped')).toBe(false);
    expect(await other.call('standing', 'stopped')).toMatchObject({ thrown: undefined, isAborted: false });
    expect(String((await processes.port.read(['written:{stopped}']))[0])).toBe('second');
    await other.call('release', 'stopped');
  });

  it('does not take a lock for its own that was given to it too long ago', async () => {
    const [holder, stopped, other] = [fleet.worker(0), fleet.worker(1), fleet.worker(2)];
    await holder.call('acquire', 'late', { ttl: '10s' });
    const waits = stopped.call('acquire', 'late', { wait: 'forever', ttl: '300ms' });
    await eventually(async () => (await processes.locks.inspect('late')).waiters.length === 1);
    stopped.pause();
    await holder.call('release', 'late');
    const second = await other.call('acquire', 'late', { wait: 'forever', ttl: '10s' });
    stopped.resume();
    await eventually(async () => (await processes.locks.inspect('late')).waiters.length === 1);
    expect(await other.call('standing', 'late')).toMatchObject({ thrown: undefined });
    await other.call('release', 'late');
    const third = await waits;
    expect(third.isHeld).toBe(true);
    expect(third.fence > second.fence).toBe(true);
    await stopped.call('release', 'late');
  });

  it('holds up nobody when it is killed with a lock, and nobody when it is killed while it waits', async () => {
    const [holder, killed, other] = [fleet.worker(0), fleet.worker(1), fleet.worker(2)];
    await holder.call('acquire', 'killed', { ttl: '10s' });
    const waits = killed.call('acquire', 'killed', { wait: 'forever' });
    waits.catch(() => undefined);
    await eventually(async () => (await processes.locks.inspect('killed')).waiters.length === 1);
    await killed.kill();
    await fleet.restart(1);
    const next = other.call('acquire', 'killed', { wait: 'forever', ttl: '300ms' });
    await eventually(async () => (await processes.locks.inspect('killed')).waiters.length === 2);
    await holder.call('release', 'killed');
    expect((await next).isHeld).toBe(true);
    await other.kill();
    await fleet.restart(2);
    expect((await holder.call('acquire', 'killed', { wait: 'forever' })).isHeld).toBe(true);
    await holder.call('release', 'killed');
  });
});

describe('processes that share a lock', () => {
  it('never do at once what it keeps apart, and see rising tokens', async () => {
    await fleet.all('count', 'shared', 40);
    expect(Number((await processes.port.read(['counted:shared']))[0])).toBe(120);
    const fences = ((await processes.port.send('LRANGE', ['fences:shared', 0, -1])) as Buffer[]).map(String);
    expect(fences).toEqual([...new Set(fences)].sort());
  });
});

describe('a Redis that stands still', () => {
  afterEach(() => processes.server.resume());

  it('keeps no lock held past its ttl, and answers nobody for ever', async () => {
    const { locks } = await processes.process({ redis: { deadline: '50ms' } });
    const lock = await locks.acquire('frozen', { ttl: '400ms' });
    const aborted = new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
    processes.server.pause();
    await aborted;
    expect(lock.isHeld).toBe(false);
    expect(await lock.release()).toBe(false);
    await expect(locks.acquire('frozen', { wait: 'none' })).rejects.toMatchObject({ code: 'LOCK_UNAVAILABLE' });
    processes.server.resume();
    let fence = '';
    await eventually(async () => {
      const next = await locks.tryAcquire('frozen').catch(() => undefined);
      fence = next?.fence ?? '';
      return (await next?.release()) ?? false;
    });
    expect(fence > lock.fence).toBe(true);
  });
});

describe('time', () => {
  it('that passes while the event loop is blocked counts at once', async () => {
    const { locks } = await processes.process();
    const lock = await locks.acquire('blocked', { ttl: '100ms' });
    const untilMs = performance.now() + 150;
    while (performance.now() < untilMs);
    expect(lock.signal.aborted).toBe(false);
    expect(lock.remainingMs()).toBe(0);
    expect(() => lock.assertHeld()).toThrow('was not extended in time');
    expect(lock.signal.aborted).toBe(true);
  });

  it.each([3_600_000, -3_600_000])('of the wall clock means nothing, set by %d ms', async (offsetMs) => {
    const { locks } = await processes.process();
    const lock = await locks.acquire('wall', { ttl: '10s' });
    const remainingMs = lock.remainingMs();
    setWallClockOffset(offsetMs);
    try {
      expect(lock.remainingMs()).toBeGreaterThan(remainingMs - 5_000);
      expect(lock.remainingMs()).toBeLessThanOrEqual(remainingMs);
      await lock.extend();
      expect(lock.isHeld).toBe(true);
      expect(await lock.release()).toBe(true);
    } finally {
      setWallClockOffset(0);
    }
  });
});

describe('a failover', () => {
  let primary: RedisServer;
  let replica: RedisServer;
  let replication: FaultProxy;
  const opened: RedisPort[] = [];

  async function connect(server: RedisServer): Promise<RedisPort> {
    const redis = createRedis({ url: server.url, deadline: '2s' });
    await redis.connect();
    opened.push(redis);
    return redis;
  }

  beforeAll(async () => {
    primary = await RedisServer.start({ config: { 'repl-diskless-sync-delay': 0 } });
    replica = await RedisServer.start();
    replication = await FaultProxy.start(primary);
    await (await connect(replica)).send('REPLICAOF', ['127.0.0.1', replication.port]);
  });

  afterAll(async () => {
    for (const redis of opened) await redis.close();
    for (const started of [replication, replica, primary]) await started.stop();
  });

  it('gives rising tokens though the new primary knows nothing of the last holders', async () => {
    const before = LockService.create({ namespace: 'failover' }, { redis: await connect(primary) });
    const replicaPort = await connect(replica);
    const confirmed = async () => {
      try {
        await (await before.acquire('k', { replicas: 1, ttl: '10s' })).release();
        return true;
      } catch {
        return false;
      }
    };
    await eventually(confirmed, 10_000);
    const after = LockService.create({ namespace: 'failover' }, { redis: replicaPort });
    await eventually(async () => !(await after.inspect('k')).isHeld);
    replication.blackhole();
    const tokens: string[] = [];
    for (let round = 0; round < 3; round++) {
      const lock = await before.acquire('k');
      tokens.push(lock.fence);
      if (round < 2) await lock.release();
    }
    await expect(before.acquire('unconfirmed', { replicas: 1 })).rejects.toMatchObject({ reason: 'replicas' });
    await primary.kill();
    await replicaPort.send('REPLICAOF', ['NO', 'ONE']);
    const onRecord = (await after.inspect('k')).fence ?? '';
    expect(onRecord < (tokens.at(-1) ?? '')).toBe(true);
    // The new primary has never heard of the last holder, and gives the lock to another one.
    const lock = await after.acquire('k');
    expect(lock.fence > (tokens.at(-1) ?? '')).toBe(true);
    await lock.release();
    await Promise.all([before.close('0ms'), after.close('0ms')]);
  });
});
