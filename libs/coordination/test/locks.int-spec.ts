import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisUnavailableError } from '@nest-strata/redis';
import { eventually } from '@nest-strata/testing';
import { LockContendedError } from '../src/locks/errors/lock-contended.error.js';
import { LockLostError } from '../src/locks/errors/lock-lost.error.js';
import { LockReentryError } from '../src/locks/errors/lock-reentry.error.js';
import { LockUnavailableError } from '../src/locks/errors/lock-unavailable.error.js';
import type { LockEvent } from '../src/locks/lock-event.js';
import { LockProcesses } from './locks-harness.js';
import type { LockProcess } from './locks-harness.js';

let processes: LockProcesses;
let ada: LockProcess;
let bob: LockProcess;

beforeAll(async () => {
  processes = await LockProcesses.start();
  ada = await processes.process();
  bob = await processes.process();
});

afterAll(() => processes[Symbol.asyncDispose]());

describe('a lock', () => {
  it('is held by one at a time, and by the next once it is released', async () => {
    const lock = await ada.locks.acquire('one');
    expect(lock.isHeld).toBe(true);
    expect(lock.signal.aborted).toBe(false);
    expect(lock.remainingMs()).toBeGreaterThan(0);
    expect(await bob.locks.tryAcquire('one')).toBeUndefined();
    await expect(bob.locks.acquire('one', { wait: 'none' })).rejects.toThrow(LockContendedError);
    expect(await lock.release()).toBe(true);
    const next = await bob.locks.tryAcquire('one');
    expect(next?.isHeld).toBe(true);
    await next?.release();
  });

  it('is released once, however often it is asked to be, and not by a stranger', async () => {
    const lock = await ada.locks.acquire('idempotent');
    expect(await Promise.all([lock.release(), lock.release()])).toEqual([true, true]);
    expect(await lock.release()).toBe(true);
    const other = await bob.locks.acquire('idempotent');
    expect(await lock.release()).toBe(true);
    expect(other.isHeld).toBe(true);
    expect((await ada.locks.inspect('idempotent')).holders.map(({ owner }) => owner)).toEqual([other.owner]);
    await other.release();
  });

  it('stays with its holder when somebody gives it back who lost it without a word', async () => {
    const carol = await processes.process();
    const lost = await carol.locks.acquire('stranger');
    await ada.locks.forceRelease('stranger');
    const lock = await bob.locks.acquire('stranger');
    expect(lost.isHeld).toBe(true);
    expect(await lost.release()).toBe(false);
    expect((await ada.locks.inspect('stranger')).holders.map(({ owner }) => owner)).toEqual([lock.owner]);
    expect(await lock.release()).toBe(true);
  });

  it('says after its release that it is held no longer, and aborts nothing', async () => {
    const lock = await ada.locks.acquire('over');
    await lock.release();
    expect([lock.isHeld, lock.remainingMs(), lock.signal.aborted]).toEqual([false, 0, false]);
    expect(() => lock.assertHeld()).toThrow(new LockLostError('over', 'released'));
    await expect(lock.extend()).rejects.toThrow(LockLostError);
  });

  it('outlives its ttl as long as it is held', async () => {
    const lock = await ada.locks.acquire('long', { ttl: '300ms' });
    let extensions = 0;
    ada.redis.onCall = ({ name }) => void (extensions += name === 'extend-lock' ? 1 : 0);
    await eventually(() => extensions >= 4);
    expect(lock.isHeld).toBe(true);
    expect(await bob.locks.tryAcquire('long')).toBeUndefined();
    expect(await lock.release()).toBe(true);
    ada.redis.onCall = () => {};
  });

  it('ends with its ttl where it is not to be renewed, and is not brought back', async () => {
    const lock = await ada.locks.acquire('short', { ttl: '100ms', renew: false });
    const aborted = new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
    await aborted;
    expect(lock.signal.reason).toEqual(new LockLostError('short', 'expired'));
    expect(() => lock.assertHeld()).toThrow(LockLostError);
    expect(await lock.release()).toBe(false);
    await eventually(async () => !(await bob.locks.inspect('short')).isHeld);
    await expect(lock.extend()).rejects.toThrow(LockLostError);
    expect((await bob.locks.inspect('short')).isHeld).toBe(false);
  });

  it('is given its whole time again by hand', async () => {
    const lock = await ada.locks.acquire('by hand', { ttl: '10s', renew: false });
    const beforeMs = lock.remainingMs();
    await eventually(() => lock.remainingMs() < beforeMs - 5);
    await lock.extend();
    expect(lock.remainingMs()).toBeGreaterThan(beforeMs - 5);
    await lock.release();
  });

  it('is not extended over what Redis has forgotten', async () => {
    const lock = await ada.locks.acquire('forgotten', { ttl: '200ms' });
    await processes.port.send('DEL', [processes.keyOf('forgotten'), `${processes.keyOf('forgotten')}:owners`]);
    const aborted = new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
    await aborted;
    expect(lock.signal.reason).toEqual(new LockLostError('forgotten', 'taken'));
    expect((await bob.locks.inspect('forgotten')).isHeld).toBe(false);
  });

  it('leaves nothing in Redis but its fence, for an hour', async () => {
    const lock = await ada.locks.acquire('gone');
    await lock.release();
    const key = processes.keyOf('gone');
    expect(await processes.port.send('EXISTS', [key, `${key}:queue`, `${key}:owners`])).toBe(0);
    const lifeMs = await processes.lifeOf(`${key}:fence`);
    expect(lifeMs).toBeGreaterThan(3_590_000);
    expect(lifeMs).toBeLessThanOrEqual(3_611_000);
  });

  it('leaves nothing for ever, also when nobody gives it back', async () => {
    await ada.locks.acquire('dead', { ttl: '50ms', renew: false });
    const waits = bob.locks.acquire('dead', { wait: 'forever' });
    await (await waits).release();
    const held = await ada.locks.acquire('dead');
    const waiter = new AbortController();
    const queued = bob.locks.acquire('dead', { wait: 'forever', signal: waiter.signal });
    await eventually(async () => (await ada.locks.inspect('dead')).waiters.length === 1);
    const key = processes.keyOf('dead');
    for (const part of ['', ':queue', ':owners', ':fence'])
      expect(await processes.lifeOf(key + part)).toBeGreaterThan(0);
    waiter.abort();
    await expect(queued).rejects.toThrow();
    await held.release();
  });

  it('has a fencing token above that of any holder before', async () => {
    const fences: string[] = [];
    for (let round = 0; round < 20; round++) {
      const lock = await (round % 2 === 0 ? ada : bob).locks.acquire('fenced');
      fences.push(lock.fence);
      await lock.release();
    }
    expect(fences).toEqual([...new Set(fences)].sort());
    expect(fences.every((fence) => /^[0-9a-f]{16}$/.test(fence))).toBe(true);
  });

  it('has a higher token also where the clock of the server is behind', async () => {
    const lock = await ada.locks.acquire('behind');
    await lock.release();
    const ahead = (BigInt(`0x${lock.fence}`) + 86_400_000_000n).toString(16).padStart(16, '0');
    await processes.port.send('SET', [`${processes.keyOf('behind')}:fence`, ahead]);
    const next = await bob.locks.acquire('behind');
    expect(BigInt(`0x${next.fence}`)).toBe(BigInt(`0x${ahead}`) + 1n);
    const lifeMs = await processes.lifeOf(`${processes.keyOf('behind')}:fence`);
    expect(lifeMs).toBeGreaterThan(86_400_000);
    await next.release();
  });

  it('survives that the server forgets its scripts', async () => {
    const lock = await ada.locks.acquire('flushed', { ttl: '200ms' });
    const waits = bob.locks.acquire('flushed');
    await eventually(async () => (await ada.locks.inspect('flushed')).waiters.length === 1);
    await processes.port.send('SCRIPT', ['FLUSH']);
    await lock.extend();
    await processes.port.send('SCRIPT', ['FLUSH']);
    expect(await lock.release()).toBe(true);
    await processes.port.send('SCRIPT', ['FLUSH']);
    expect(await (await waits).release()).toBe(true);
  });

  it('can be shown', async () => {
    expect(await ada.locks.inspect('nobody')).toEqual({ isHeld: false, holders: [], waiters: [], fence: undefined });
    const lock = await ada.locks.acquire('shown', { ttl: '5s' });
    const state = await bob.locks.inspect('shown');
    expect(state).toMatchObject({ isHeld: true, waiters: [], fence: lock.fence });
    expect(state.holders).toEqual([
      { owner: lock.owner, mode: 'exclusive', fence: lock.fence, leaseMs: expect.any(Number) },
    ]);
    await lock.release();
  });

  it('can be given to another process to hold', async () => {
    const lock = await ada.locks.acquire('moved');
    const ticket = JSON.parse(JSON.stringify(lock.detach())) as { key: string; owner: string };
    expect(() => lock.assertHeld()).toThrow(new LockLostError('moved', 'detached'));
    expect(await lock.release()).toBe(false);
    const restored = await bob.locks.restore(ticket);
    expect([restored.isHeld, restored.fence]).toEqual([true, lock.fence]);
    expect(await restored.release()).toBe(true);
    await expect(bob.locks.restore(ticket)).rejects.toThrow(LockLostError);
  });

  it('is taken by force, which its holder hears, with a token above its own', async () => {
    const blocker = await bob.locks.acquire('inbox');
    const waits = ada.locks.acquire('inbox'); // opens the inbox
    await eventually(async () => (await ada.locks.inspect('inbox')).waiters.length === 1);
    await blocker.release();
    await (await waits).release();
    const lock = await ada.locks.acquire('forced');
    const aborted = new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
    const { owners, fence } = await bob.locks.forceRelease('forced');
    expect(owners).toEqual([lock.owner]);
    expect(fence > lock.fence).toBe(true);
    await aborted;
    expect(lock.signal.reason).toEqual(new LockLostError('forced', 'taken'));
    const next = await bob.locks.acquire('forced');
    expect(next.fence > fence).toBe(true);
    await next.release();
  });

  it('counts only once enough replicas have it, and is given back otherwise', async () => {
    await expect(ada.locks.acquire('replicated', { replicas: 1 })).rejects.toMatchObject({
      code: 'LOCK_UNAVAILABLE',
      reason: 'replicas',
    });
    expect((await bob.locks.inspect('replicated')).isHeld).toBe(false);
  });

  it('is unavailable, and held by nobody, when Redis does not answer', async () => {
    const carol = await processes.process();
    carol.redis.onReply = ({ name }) => {
      if (name === 'acquire-lock') throw new RedisUnavailableError('deadline');
    };
    await expect(carol.locks.acquire('unanswered')).rejects.toMatchObject({ code: 'LOCK_UNAVAILABLE', reason: 'away' });
    await eventually(async () => !(await bob.locks.inspect('unanswered')).isHeld);
    await expect(carol.locks.tryAcquire('unanswered')).rejects.toThrow(LockUnavailableError);
  });

  it('is released by a second attempt when the answer to the first was lost', async () => {
    const carol = await processes.process();
    const lock = await carol.locks.acquire('twice');
    carol.redis.onReply = () => {
      throw new RedisUnavailableError('deadline');
    };
    await expect(lock.release()).rejects.toThrow(LockUnavailableError);
    carol.redis.onReply = () => {};
    expect(await lock.release()).toBe(true);
    expect(await lock.release()).toBe(true);
  });
});

describe('withLock', () => {
  it('returns what the function returns, and gives the lock back whatever comes of it', async () => {
    expect(await ada.locks.withLock('run', ({ fence }) => fence.length)).toBe(16);
    await expect(
      ada.locks.withLock('run', () => {
        throw new Error('mine');
      }),
    ).rejects.toThrow('mine');
    expect((await bob.locks.inspect('run')).isHeld).toBe(false);
  });

  it('tells that the lock was lost before the function ended, unless that fails itself', async () => {
    const lose = async (outcome: () => string): Promise<string> =>
      ada.locks.withLock('lost', { ttl: '10s' }, async (lock) => {
        await bob.locks.forceRelease('lost');
        await lock.extend().catch(() => undefined);
        return outcome();
      });
    await expect(lose(() => 'done')).rejects.toThrow(new LockLostError('lost', 'taken'));
    const fail = (): never => {
      throw new Error('mine');
    };
    await expect(lose(fail)).rejects.toThrow('mine');
  });

  it('does not fail what was done because Redis could not be told of the end', async () => {
    const carol = await processes.process();
    const events: LockEvent[] = [];
    carol.locks.listen((event) => events.push(event));
    const result = await carol.locks.withLock('untold', () => {
      carol.redis.onCall = () => {
        throw new RedisUnavailableError('not-connected');
      };
      return 'done';
    });
    expect(result).toBe('done');
    expect(events.map(({ type }) => type)).toEqual(['acquired', 'released', 'release-failed']);
  });

  it('refuses at once to wait for itself, whatever is between', async () => {
    await ada.locks.withLock('nested', async () => {
      await Promise.resolve();
      await expect(ada.locks.withLock('nested', () => 'never')).rejects.toThrow(LockReentryError);
      await expect(ada.locks.acquire(['a', 'nested'])).rejects.toThrow(LockReentryError);
      expect((await bob.locks.inspect('a')).isHeld).toBe(false);
      expect(await ada.locks.tryAcquire('nested')).toBeUndefined();
      expect(await ada.locks.withLock('another', () => 'other')).toBe('other');
    });
    expect(await ada.locks.withLock('nested', () => 'free again')).toBe('free again');
  });

  it('goes on under a lock that is held, when given its owner', async () => {
    const inner = await ada.locks.withLock('again', async (outer) => {
      const result = await ada.locks.withLock('again', { reenter: outer.owner }, (lock) => lock === outer);
      outer.assertHeld();
      return result;
    });
    expect(inner).toBe(true);
    await expect(ada.locks.withLock('again', { reenter: 'nobody.1' }, () => 1)).rejects.toThrow(LockLostError);
  });

  it('lets the code under it find its lock', async () => {
    expect(ada.locks.current()).toBeUndefined();
    await ada.locks.withLock('outer', async (outer) => {
      await ada.locks.withLock('inner', (inner) => {
        expect(ada.locks.current()).toBe(inner);
        expect(ada.locks.current('outer')).toBe(outer);
      });
      expect(ada.locks.current()).toBe(outer);
      await outer.release();
      expect(ada.locks.current()).toBeUndefined();
    });
  });
});

describe('several keys', () => {
  it('are locked together, in one order, and given back together', async () => {
    const set = await ada.locks.acquire(['b', 'a', 'b']);
    expect(set.keys).toEqual(['a', 'b']);
    expect([set.isHeld, set.of('a')?.key, set.of('c')]).toEqual([true, 'a', undefined]);
    expect(set.remainingMs()).toBeGreaterThan(0);
    expect(await bob.locks.tryAcquire('b')).toBeUndefined();
    expect(await set.release()).toBe(true);
    expect(() => set.assertHeld()).toThrow(LockLostError);
  });

  it('are none held when one is taken', async () => {
    const taken = await bob.locks.acquire('y');
    expect(await ada.locks.tryAcquire(['x', 'y', 'z'])).toBeUndefined();
    expect((await bob.locks.inspect('x')).isHeld).toBe(false);
    await taken.release();
  });

  it('never wait for each other', async () => {
    const run = (process: LockProcess, keys: string[]) =>
      Promise.all(Array.from({ length: 20 }, () => process.locks.withLock(keys, () => 1)));
    await Promise.all([run(ada, ['p', 'q']), run(bob, ['q', 'p'])]);
    expect((await bob.locks.inspect('p')).waiters).toEqual([]);
  });

  it('abort together when one of them is lost', async () => {
    const set = await ada.locks.acquire(['m', 'n'], { ttl: '200ms' });
    await bob.locks.forceRelease('n');
    await new Promise((resolve) => set.signal.addEventListener('abort', resolve));
    expect(set.isHeld).toBe(false);
    expect(await set.release()).toBe(false);
    expect((await bob.locks.inspect('m')).isHeld).toBe(false);
  });
});

describe('options', () => {
  it.each([
    ['an empty key', () => ada.locks.acquire(''), 'The key of a lock is empty'],
    ['a key that is none', () => ada.locks.acquire(5 as never), 'of type'],
    ['no keys', () => ada.locks.acquire([]), 'The list of keys of a lock is empty'],
    ['a long key', () => ada.locks.acquire('x'.repeat(1_025)), 'longer than 1024 bytes'],
    ['a bare number', () => ada.locks.acquire('k', { ttl: 5 as never }), "Give a duration from '50ms' to '1d'"],
    ['an endless ttl', () => ada.locks.acquire('k', { ttl: 'forever' }), "Give a duration from '50ms' to '1d'"],
    ['a wait that is none', () => ada.locks.acquire('k', { wait: 'soon' as never }), "Give 'none', a duration"],
    ['a limit for one', () => ada.locks.acquire('k', { limit: 2 }), 'is for a lock that is shared'],
    ['no permits', async () => ada.locks.semaphore('k', 0), 'Give a whole number from 1'],
    ['a strange name', () => ada.locks.acquire('k', { tll: '1s' } as never), 'The options are ttl, wait'],
  ])('refuse %s', async (_what, act, message) => {
    await expect(act()).rejects.toThrow(message);
  });

  it('keep keys apart that look alike', async () => {
    const keys = ['a', 'a}:queue', '{a}', 'a%7D:queue', 'ä'];
    const locks = await Promise.all(keys.map((key) => ada.locks.tryAcquire(key)));
    expect(locks.every((lock) => lock !== undefined)).toBe(true);
    for (const lock of locks) await lock?.release();
  });
});
