import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock } from '@nest-strata/core';
import { readServerIdentity } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { KeySpace } from '../src/keys/key-space.js';
import { FailoverWatch } from '../src/recovery/failover-watch.js';
import { readyAgain, RecoveryServers } from './recovery-servers.js';

const clock = new SystemClock();
const keySpace = new KeySpace('failover');

let servers: RecoveryServers;
let redis: RedisPort;
let watch: FailoverWatch;

function watchOver(port: RedisPort, windowMs = 30_000): FailoverWatch {
  return new FailoverWatch({ redis: port, keySpace, clock, readIdentity: () => readServerIdentity(port), windowMs });
}

/** A heartbeat that Redis took, and when it was sent at the latest and at the earliest. */
async function beat(by = watch): Promise<{ afterMs: number; beforeMs: number }> {
  const afterMs = clock.monotonicMs();
  expect(await by.beat()).toBe(true);
  return { afterMs, beforeMs: clock.monotonicMs() };
}

async function expectReplaySince(sent: { afterMs: number; beforeMs: number }, by = watch): Promise<void> {
  const verdict = await by.check();
  expect(verdict).toEqual({ kind: 'replay', sinceMs: expect.any(Number) });
  const { sinceMs } = verdict as { sinceMs: number };
  expect(sinceMs).toBeGreaterThanOrEqual(sent.afterMs);
  expect(sinceMs).toBeLessThanOrEqual(sent.beforeMs);
}

async function failOver(): Promise<void> {
  await servers.failOver();
  await readyAgain(redis);
}

afterEach(() => servers[Symbol.asyncDispose]());

describe('FailoverWatch with a primary and a replica', () => {
  beforeEach(async () => {
    servers = await RecoveryServers.start();
    redis = await servers.connect();
    watch = watchOver(redis);
    await watch.check();
  });

  it('takes the first server for what it is', async () => {
    watch = watchOver(redis);
    expect([watch.hasChecked, await watch.check(), watch.hasChecked]).toEqual([false, { kind: 'same' }, true]);
  });

  it('finds the same server after a connection broke', async () => {
    await beat();
    servers.entrance.resetConnections();
    await readyAgain(redis);
    expect(await watch.check()).toEqual({ kind: 'same' });
  });

  it('finds the same server after it was flushed, which brings nothing back', async () => {
    await beat();
    await redis.send('FLUSHALL', []);
    expect(await watch.check()).toEqual({ kind: 'same' });
  });

  it('proves all up to the last heartbeat when the promoted replica has it', async () => {
    await beat();
    const last = await beat();
    await servers.replicated();
    await failOver();
    await expectReplaySince(last);
    expect(await watch.check()).toEqual({ kind: 'same' });
  });

  it('proves all up to the last heartbeat that the promoted replica has', async () => {
    await beat();
    const replicated = await beat();
    await servers.replicated();
    servers.cutReplication();
    await beat();
    await beat();
    await failOver();
    await expectReplaySince(replicated);
  });

  it('says clear when the promoted replica fell back further than the window', async () => {
    watch = watchOver(redis, 20);
    await watch.check();
    await beat();
    await servers.replicated();
    servers.cutReplication();
    await new Promise((resolve) => setTimeout(resolve, 25));
    await beat();
    await failOver();
    expect(await watch.check()).toEqual({ kind: 'clear', reason: 'fell-too-far' });
    expect(await watch.check()).toEqual({ kind: 'same' });
  });

  it('says clear when the promoted replica knows of no heartbeat', async () => {
    await servers.replicated();
    servers.cutReplication();
    await beat();
    await failOver();
    expect(await watch.check()).toEqual({ kind: 'clear', reason: 'no-heartbeat' });
  });

  it('says clear when what is under its key is no heartbeat', async () => {
    await beat();
    const { replicationId } = (await readServerIdentity(redis)) ?? { replicationId: '' };
    await redis.send('SET', [keySpace.heartbeatKey(replicationId), 'something']);
    await servers.replicated();
    await failOver();
    expect(await watch.check()).toEqual({ kind: 'clear', reason: 'no-heartbeat' });
  });

  it('sees what was lost also when another process was back first and goes on', async () => {
    const other = await servers.connect();
    const otherWatch = watchOver(other);
    await otherWatch.check();
    const mine = await beat();
    const others = await beat(otherWatch);
    await servers.replicated();
    servers.cutReplication();
    await beat();
    await beat(otherWatch);
    await failOver();
    await readyAgain(other);
    await expectReplaySince(others, otherWatch);
    await beat(otherWatch);
    await expectReplaySince(mine);
  });

  it('leaves no heartbeat on a server that it has not checked, so that nothing is hidden from others', async () => {
    const mine = await beat();
    await servers.replicated();
    servers.cutReplication();
    await beat();
    await failOver();
    expect(await watch.beat()).toBe(false);
    expect(await watch.beat()).toBe(false);
    await expectReplaySince(mine);
  });

  it('notices by its heartbeat that a server was made a replica and a primary again while it stayed connected', async () => {
    await servers.replicated();
    const last = await beat();
    await redis.send('REPLICAOF', ['127.0.0.1', servers.replica.port]);
    await redis.send('REPLICAOF', ['NO', 'ONE']);
    expect(await watch.beat()).toBe(false);
    await expectReplaySince(last);
    expect(await watch.beat()).toBe(true);
  });

  it('judges by the same heartbeats when it met the replica before it was promoted', async () => {
    const replicated = await beat();
    await servers.replicated();
    servers.cutReplication();
    await beat();
    servers.leadTo(servers.replica);
    await readyAgain(redis);
    await expectReplaySince(replicated);
    await expect(watch.beat()).rejects.toThrow('READONLY');
    await redis.send('REPLICAOF', ['NO', 'ONE']);
    expect(await watch.beat()).toBe(false);
    await expectReplaySince(replicated);
  });

  it('judges nothing while there is no answer, and everything once there is one', async () => {
    const last = await beat();
    await servers.replicated();
    servers.entrance.blackhole();
    await expect(watch.check()).rejects.toThrow('Redis did not answer in time');
    servers.entrance.heal();
    await failOver();
    await expectReplaySince(last);
  });

  it('says clear from the second time on where the user may not ask who the server is', async () => {
    await redis.send('ACL', ['SETUSER', 'blind', 'on', 'nopass', '~*', '+@all', '-info']);
    watch = watchOver(await servers.connect('blind'));
    expect(await watch.check()).toEqual({ kind: 'same' });
    expect(await watch.beat()).toBe(true);
    expect(watch.isBeatDue(Infinity)).toBe(false);
    expect(await watch.check()).toEqual({ kind: 'clear', reason: 'unknown-server' });
  });

  it('says clear when contact was lost before the first check', async () => {
    watch = watchOver(redis);
    watch.contactLost();
    expect(await watch.check()).toEqual({ kind: 'clear', reason: 'unknown-server' });
    expect(await watch.check()).toEqual({ kind: 'same' });
  });

  it('sends a heartbeat at most once in a second, and the first one at once', async () => {
    const startedAtMs = clock.monotonicMs();
    expect(watch.isBeatDue(startedAtMs)).toBe(true);
    const { afterMs, beforeMs } = await beat();
    expect(watch.isBeatDue(afterMs + 999)).toBe(false);
    expect(watch.isBeatDue(beforeMs + 1_000)).toBe(true);
  });

  it('takes no heartbeat of an earlier server for one of the server that it has met since', async () => {
    const real = await readServerIdentity(redis);
    let identity = real;
    const readIdentity = () => Promise.resolve(identity);
    watch = new FailoverWatch({ redis, keySpace, clock, readIdentity, windowMs: 30_000 });
    await watch.check();
    await beat();
    identity = { runId: 'other', replicationId: 'other', role: 'primary' };
    const replies = servers.entrance.hold();
    const checked = watch.check();
    await new Promise(setImmediate);
    const beating = beat();
    replies.release();
    await Promise.all([checked, beating]);
    await redis.send('SET', [keySpace.heartbeatKey('other'), 'ffffffffffffffff']);
    identity = real;
    expect(await watch.check()).toEqual({ kind: 'clear', reason: 'no-heartbeat' });
  });

  it('leaves heartbeats that only grow and that go by themselves after a day', async () => {
    const { replicationId } = (await readServerIdentity(redis)) ?? { replicationId: '' };
    const record = keySpace.heartbeatKey(replicationId);
    const [, before] = [await beat(), await redis.send('GET', [record])];
    const [, after] = [await beat(), await redis.send('GET', [record])];
    expect(String(after) > String(before)).toBe(true);
    expect(String(after)).toMatch(/^[0-9a-f]{16}$/);
    expect(Number(await redis.send('PTTL', [record]))).toBeGreaterThan(23 * 3_600_000);
    const ahead = (parseInt(String(after), 16) + 3_600_000_000).toString(16).padStart(16, '0');
    await redis.send('SET', [record, ahead]);
    await beat();
    expect(String(await redis.send('GET', [record])) > ahead).toBe(true);
  });
});

describe('FailoverWatch with a server that restarts', () => {
  it.each([
    ['with what it had', true, { kind: 'replay', sinceMs: expect.any(Number) }],
    ['empty', false, { kind: 'clear', reason: 'no-heartbeat' }],
  ])('judges a restart %s', async (_, persistent, verdict) => {
    servers = await RecoveryServers.start({ persistent });
    redis = await servers.connect();
    watch = watchOver(redis);
    await watch.check();
    const last = await beat();
    await servers.primary.kill();
    await servers.primary.restart();
    await readyAgain(redis);
    const found = await watch.check();
    expect(found).toEqual(verdict);
    expect(found.kind === 'replay' ? found.sinceMs : last.afterMs).toBeGreaterThanOrEqual(last.afterMs);
  });
});
