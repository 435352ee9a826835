import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock, SystemRandom } from '@nest-strata/core';
import { readServerIdentity } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { eventually, FakeClock } from '@nest-strata/testing';
import { encodeSourceVersion, NO_SOURCE_VERSION } from '../src/entry/source-version.js';
import { KeySpace } from '../src/keys/key-space.js';
import type { Evict } from '../src/recovery/evict.js';
import type { FailoverVerdict } from '../src/recovery/failover-verdict.js';
import type { PendingEvictChange } from '../src/recovery/pending-evicts.js';
import { Recovery } from '../src/recovery/recovery.js';
import type { RecoveryParts } from '../src/recovery/recovery.js';
import { readyAgain, RecoveryServers } from './recovery-servers.js';

const keySpace = new KeySpace('recovery');
const key = (name: string): Evict => ({ kind: 'key', key: name });

const TAG: Evict = { kind: 'tag', tag: 't' };

let servers: RecoveryServers;
let redis: RedisPort;
let recovery: Recovery;
let attempts: Evict[];
let verdicts: FailoverVerdict[];
let changes: PendingEvictChange[];
let faults: string[];

beforeEach(async () => {
  servers = await RecoveryServers.start();
  redis = await servers.connect();
  attempts = [];
  verdicts = [];
  changes = [];
  faults = [];
  recovery = makeRecovery();
});

afterEach(async () => {
  await recovery.close(0);
  await servers[Symbol.asyncDispose]();
});

function makeRecovery(overrides: Partial<RecoveryParts> = {}): Recovery {
  return new Recovery({
    redis,
    keySpace,
    clock: new SystemClock(),
    random: new SystemRandom(),
    attempt: async (evict) => {
      attempts.push(evict);
      const redisKey = evict.kind === 'key' ? keySpace.valueKey(evict.key) : keySpace.clearKey;
      await redis.send('UNLINK', [redisKey]);
    },
    readIdentity: () => readServerIdentity(redis),
    onPendingChange: (change) => changes.push(change),
    onVerdict: (verdict) => verdicts.push(verdict),
    onFault: (operation) => faults.push(operation),
    maxPending: 10_000,
    failoverWindowMs: 30_000,
    ...overrides,
  });
}

async function write(name: string): Promise<void> {
  const stamp = recovery.pending.stamp();
  await redis.send('SET', [keySpace.valueKey(name), 'old']);
  recovery.keyAcknowledged(name, stamp, NO_SOURCE_VERSION);
}

async function evict(name: string): Promise<void> {
  const stamp = recovery.pending.stamp();
  await redis.send('UNLINK', [keySpace.valueKey(name)]);
  recovery.acknowledged([key(name)], stamp);
}

async function exists(name: string): Promise<boolean> {
  return (await redis.send('EXISTS', [keySpace.valueKey(name)])) === 1;
}

async function heartbeat(): Promise<string> {
  const identity = await readServerIdentity(redis);
  return String(await redis.send('GET', [keySpace.heartbeatKey(identity?.replicationId ?? '')]));
}

async function failOver(): Promise<void> {
  await servers.failOver();
  recovery.doubt();
  await readyAgain(redis);
}

describe('Recovery', () => {
  it('repeats the evicts that a failover lost, and no other', async () => {
    await recovery.resume();
    await eventually(async () => (await heartbeat()) !== 'null');
    await write('kept');
    await write('lost');
    const first = await heartbeat();
    await eventually(async () => {
      recovery.active(performance.now());
      return (await heartbeat()) !== first;
    });
    await servers.replicated();
    servers.cutReplication();
    await evict('lost');
    expect(await exists('lost')).toBe(false);

    await failOver();
    expect(await exists('lost')).toBe(true);
    expect(recovery.isCertain).toBe(false);
    const resumed = recovery.resume();
    await eventually(() => verdicts.length === 2);
    expect(recovery.pending.blocksKey('lost') || !(await exists('lost'))).toBe(true);
    await resumed;
    expect(recovery.isCertain).toBe(true);
    await eventually(() => recovery.pending.isEmpty);
    expect([await exists('lost'), await exists('kept')]).toEqual([false, true]);
    expect(attempts).toEqual([key('lost')]);
    expect(verdicts.map(({ kind }) => kind)).toEqual(['same', 'replay']);
  });

  it('repeats also what had been pending until Redis acknowledged it, and was lost then', async () => {
    await recovery.resume();
    await eventually(async () => (await heartbeat()) !== 'null');
    await redis.send('SET', [keySpace.valueKey('a'), 'by another process']);
    await servers.replicated();
    servers.cutReplication();
    recovery.pending.add(key('a'));
    await eventually(() => recovery.pending.isEmpty);
    await failOver();
    expect(await exists('a')).toBe(true);
    await recovery.resume();
    await eventually(() => recovery.pending.isEmpty);
    expect([await exists('a'), attempts]).toEqual([false, [key('a'), key('a')]]);
  });

  it('repeats the deletion of a version that a failover lost with its version', async () => {
    await recovery.resume();
    await eventually(async () => (await heartbeat()) !== 'null');
    await servers.replicated();
    const floor = { version: encodeSourceVersion(9), forMs: 60_000, sparesHigher: true };
    recovery.acknowledged([{ kind: 'key', key: 'a', floor }], recovery.pending.stamp());
    await failOver();
    await recovery.resume();
    await eventually(() => recovery.pending.isEmpty);
    expect(attempts).toEqual([{ kind: 'key', key: 'a', floor }]);
  });

  it('clears when it cannot know what was lost', async () => {
    await recovery.resume();
    await write('a');
    await servers.primary.restart();
    recovery.doubt();
    await readyAgain(redis);
    await recovery.resume();
    expect(verdicts).toEqual([{ kind: 'same' }, { kind: 'clear', reason: 'no-heartbeat' }]);
    await eventually(() => recovery.pending.isEmpty);
    expect(attempts).toEqual([{ kind: 'clear' }]);
  });

  it('clears where more was lost than may be pending', async () => {
    recovery = makeRecovery({ maxPending: 2 });
    await recovery.resume();
    await eventually(async () => (await heartbeat()) !== 'null');
    await servers.replicated();
    for (const name of ['a', 'b', 'c']) await evict(name);
    await failOver();
    await recovery.resume();
    await eventually(() => recovery.pending.isEmpty);
    expect(attempts).toEqual([{ kind: 'clear' }]);
    expect(changes.map(({ kind }) => kind)).toEqual(['added', 'settled']);
  });

  it('clears when contact was lost after a write and before the first check', async () => {
    await write('a');
    recovery.doubt();
    await recovery.resume();
    expect(verdicts).toEqual([{ kind: 'clear', reason: 'unknown-server' }, { kind: 'same' }]);
  });

  it('takes the first server for what it is when contact was lost before anything was written', async () => {
    recovery.doubt();
    await recovery.resume();
    expect(verdicts).toEqual([{ kind: 'same' }]);
  });

  it('repeats a pending evict at once when Redis is back, without waiting for its time', async () => {
    recovery = makeRecovery({ clock: new FakeClock() });
    await recovery.resume();
    await write('a');
    recovery.pending.add(key('a'));
    recovery.doubt();
    servers.entrance.resetConnections();
    await readyAgain(redis);
    await recovery.resume();
    await eventually(() => recovery.pending.isEmpty);
    expect(await exists('a')).toBe(false);
  });

  it('lifts what is pending by an acknowledged write or evict that began later', async () => {
    servers.entrance.blackhole();
    for (const pending of [key('a'), key('b'), TAG]) recovery.pending.add(pending);
    recovery.keyAcknowledged('a', recovery.pending.stamp(), NO_SOURCE_VERSION);
    expect([recovery.pending.blocksKey('a'), recovery.pending.count]).toEqual([false, 2]);
    recovery.acknowledged([TAG, key('b')], recovery.pending.stamp());
    expect(recovery.pending.isEmpty).toBe(true);
  });

  it('stays uncertain when contact is lost during the check, until it is told to check again', async () => {
    const resumed = recovery.resume();
    recovery.doubt();
    await resumed;
    expect([verdicts.length, recovery.isCertain]).toEqual([1, false]);
    await recovery.resume();
    expect([verdicts.length, recovery.isCertain]).toEqual([2, true]);
  });

  it('checks once more when it is told to during a check, and is certain only then', async () => {
    const certain: boolean[] = [];
    recovery = makeRecovery({
      onVerdict: (verdict) => {
        verdicts.push(verdict);
        certain.push(recovery.isCertain);
      },
    });
    recovery.doubt();
    await Promise.all([recovery.resume(), recovery.resume(), recovery.resume()]);
    expect(certain).toEqual([false, false]);
    expect(recovery.isCertain).toBe(true);
  });

  it('repeats a check that failed until there is an answer', async () => {
    recovery.doubt();
    servers.primary.pause();
    await recovery.resume();
    expect([faults, recovery.isCertain]).toEqual([['failover-check'], false]);
    servers.primary.resume();
    await eventually(() => recovery.isCertain);
  });

  it('reports nothing more while Redis is known to be away, and resumes by itself when it is back', async () => {
    const clock = new FakeClock();
    recovery = makeRecovery({ clock });
    await recovery.resume();
    await redis.send('PING', []);
    await servers.primary.kill();
    await eventually(() => redis.state !== 'ready');
    await recovery.resume();
    await clock.advanceAsync(60_000);
    expect(faults).toEqual(['failover-check']);
    await servers.primary.restart();
    await eventually(() => redis.state === 'ready');
    await clock.advanceAsync(2_000);
    await eventually(() => verdicts.length === 2);
  });

  it('leaves a heartbeat at most once in a second while it is active, and none while it is uncertain', async () => {
    const clock = new FakeClock();
    recovery = makeRecovery({ clock });
    await recovery.resume();
    const seen = new Set<string>();
    const lookAfter = async (ms: number) => {
      clock.advance(ms);
      recovery.active(clock.monotonicMs());
      await redis.send('PING', []);
      seen.add(await heartbeat());
      return seen.size;
    };
    expect([await lookAfter(0), await lookAfter(999), await lookAfter(1), await lookAfter(999)]).toEqual([1, 1, 2, 2]);
    recovery.doubt();
    expect(await lookAfter(5_000)).toBe(2);
    await recovery.resume();
    expect(await lookAfter(0)).toBe(3);
  });

  it('finds out by itself who the server is when nobody told it that Redis is there', async () => {
    recovery.active(performance.now());
    recovery.active(performance.now());
    await eventually(async () => (await heartbeat()) !== 'null');
    expect(verdicts).toEqual([{ kind: 'same' }]);
  });

  it('blocks the keys of a pending pattern', () => {
    recovery.pending.add({ kind: 'pattern', glob: 'hero:*' });
    expect([recovery.pending.blocksKey('hero:1'), recovery.pending.blocksKey('child:1')]).toEqual([true, false]);
  });

  it('reports a heartbeat that fails, and goes on', async () => {
    const clock = new FakeClock();
    recovery = makeRecovery({ clock });
    await recovery.resume();
    await redis.send('PING', []);
    await redis.send('REPLICAOF', ['127.0.0.1', servers.replica.port]);
    clock.advance(1_000);
    recovery.active(clock.monotonicMs());
    await eventually(() => faults.length > 0);
    expect(faults).toEqual(['heartbeat']);
  });

  it('checks when its heartbeat meets another server', async () => {
    const clock = new FakeClock();
    recovery = makeRecovery({ clock });
    await recovery.resume();
    await redis.send('PING', []);
    await servers.replicated();
    await servers.failOver();
    await readyAgain(redis);
    clock.advance(1_000);
    recovery.active(clock.monotonicMs());
    await eventually(() => verdicts.length === 2);
    await eventually(() => recovery.isCertain);
    expect(verdicts[1]?.kind).toBe('replay');
  });

  it('tells when it closes what is left, and checks no more', async () => {
    await recovery.resume();
    servers.primary.pause();
    recovery.pending.add(key('a'));
    await recovery.resume();
    expect(await recovery.close(50)).toEqual([key('a')]);
    servers.primary.resume();
    await recovery.resume();
    expect(verdicts).toHaveLength(1);
  });
});
