import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FaultProxy } from '@nest-strata/testing';
import { LockTimeoutError } from '../src/locks/errors/lock-timeout.error.js';
import { LockUnavailableError } from '../src/locks/errors/lock-unavailable.error.js';
import type { Lock } from '../src/locks/held/lock.js';
import { LockProcesses } from './locks-harness.js';
import type { LockProcess } from './locks-harness.js';

let processes: LockProcesses;
let ada: LockProcess;
let bob: LockProcess;

beforeEach(async () => {
  processes = await LockProcesses.start();
  ada = await processes.process();
  bob = await processes.process();
});

afterEach(() => processes[Symbol.asyncDispose]());

async function untilWaiting(count: number, key = 'k'): Promise<void> {
  await eventually(async () => (await processes.locks.inspect(key)).waiters.length === count);
}

/** Makes processes hear of their locks: the first that waits finds its inbox closed. */
async function openInboxes(...opened: LockProcess[]): Promise<void> {
  for (const [index, process] of opened.entries()) {
    const key = `warm-${String(index)}`;
    const held = await processes.locks.acquire(key);
    const waits = process.locks.acquire(key);
    await untilWaiting(1, key);
    await eventually(async () => {
      const owners = await processes.port.send('HVALS', [`${processes.keyOf(key)}:owners`]);
      return (owners as Buffer[]).some((owner) => /^w.*:1$/.test(String(owner)));
    });
    await held.release();
    await (await waits).release();
  }
}

describe('who waits for a lock', () => {
  it('gets it in the order of coming, whichever process it is in', async () => {
    const held = await ada.locks.acquire('k');
    const order: number[] = [];
    const waits: Promise<void>[] = [];
    for (let index = 0; index < 12; index++) {
      const { locks } = index % 3 === 0 ? ada : bob;
      waits.push(
        locks.withLock('k', { wait: 'forever' }, async () => {
          order.push(index);
          await Promise.resolve();
        }),
      );
      await untilWaiting(index + 1);
    }
    await held.release();
    await Promise.all(waits);
    expect(order).toEqual([...order.keys()]);
  });

  it('costs two commands, however long it waits', async () => {
    await openInboxes(bob);
    const commands: string[] = [];
    bob.redis.onCall = ({ name }) => void commands.push(name);
    const held = await ada.locks.acquire('k');
    const waits = Array.from({ length: 10 }, () => bob.locks.withLock('k', () => undefined));
    await untilWaiting(10);
    await held.release();
    await Promise.all(waits);
    const polls = commands.length - 20;
    // The next in line asks twice in the time of a claim; on a machine that stands still for so long it shows.
    expect(polls).toBeLessThanOrEqual(3);
    expect(commands.filter((name) => name === 'leave-lock')).toHaveLength(10);
  });

  it('has a lease to work under at once, and the whole of it soon', async () => {
    await openInboxes(bob);
    const held = await ada.locks.acquire('k');
    const waits = bob.locks.acquire('k', { ttl: '30s' });
    await untilWaiting(1);
    await held.release();
    const lock = await waits;
    lock.assertHeld();
    expect(lock.remainingMs()).toBeLessThan(1_500);
    await eventually(() => lock.remainingMs() > 20_000);
    await lock.release();
  });

  it('gives up when its time is over, and leaves no place in the queue', async () => {
    const held = await ada.locks.acquire('k');
    await expect(bob.locks.acquire('k', { wait: '40ms' })).rejects.toThrow(LockTimeoutError);
    expect((await ada.locks.inspect('k')).waiters).toEqual([]);
    await held.release();
    expect((await ada.locks.inspect('k')).isHeld).toBe(false);
  });

  it('leaves no place in the queue when it is aborted', async () => {
    const held = await ada.locks.acquire('k');
    const aborter = new AbortController();
    const waits = bob.locks.acquire('k', { signal: aborter.signal });
    await untilWaiting(1);
    aborter.abort(new Error('no longer needed'));
    await expect(waits).rejects.toThrow('no longer needed');
    expect((await ada.locks.inspect('k')).waiters).toEqual([]);
    await expect(bob.locks.acquire('k', { signal: aborter.signal })).rejects.toThrow('no longer needed');
    await held.release();
    expect((await ada.locks.inspect('k')).isHeld).toBe(false);
  });

  it('passes on a lock that was given to it as it was aborted', async () => {
    await openInboxes(bob);
    const held = await ada.locks.acquire('k');
    const aborter = new AbortController();
    bob.redis.onPublished = () => false;
    const waits = bob.locks.acquire('k', { signal: aborter.signal });
    await untilWaiting(1);
    await held.release();
    expect((await ada.locks.inspect('k')).isHeld).toBe(true);
    aborter.abort(new Error('too late'));
    await expect(waits).rejects.toThrow('too late');
    expect((await ada.locks.inspect('k')).isHeld).toBe(false);
  });

  it('gets what a holder left that is gone', async () => {
    await ada.locks.acquire('k', { ttl: '60ms', renew: false });
    const lock = await bob.locks.acquire('k', { wait: 'forever' });
    expect(lock.isHeld).toBe(true);
    await lock.release();
  });

  it('comes before who asks without waiting, unless that is not to be fair', async () => {
    const held = await ada.locks.semaphore('k', 2).acquire();
    const writer = bob.locks.acquire('k');
    await untilWaiting(1);
    expect(await ada.locks.semaphore('k', 2).tryAcquire()).toBeUndefined();
    const unfair = await ada.locks.semaphore('k', 2).tryAcquire({ fair: false });
    expect(unfair?.isHeld).toBe(true);
    await Promise.all([held.release(), unfair?.release()]);
    await (await writer).release();
  });

  it('ends when the service is closed', async () => {
    const held = await ada.locks.acquire('k');
    const waits = bob.locks.acquire('k', { wait: 'forever' });
    await untilWaiting(1);
    const closed = bob.locks.close();
    await expect(waits).rejects.toThrow(LockUnavailableError);
    await closed;
    await expect(bob.locks.acquire('other')).rejects.toMatchObject({ reason: 'closed' });
    expect((await ada.locks.inspect('k')).waiters).toEqual([]);
    await held.release();
  });
});

describe('a wait that is disturbed', () => {
  it.each([1, 2, 3, 4, 5, 6])('ends well though message %d is lost', async (lost) => {
    await openInboxes(ada, bob);
    const held = await ada.locks.acquire('k');
    let heard = 0;
    for (const { redis } of [ada, bob]) redis.onPublished = () => ++heard !== lost;
    const order: number[] = [];
    const waits: Promise<void>[] = [];
    for (let index = 0; index < 4; index++) {
      waits.push((index % 2 === 0 ? bob : ada).locks.withLock('k', { ttl: '500ms' }, () => void order.push(index)));
      await untilWaiting(index + 1);
    }
    await held.release();
    await Promise.all(waits);
    // Who misses the word that the lock is its own finds out before its claim ends, and so keeps its turn.
    expect(order).toEqual([0, 1, 2, 3]);
    expect(heard).toBeGreaterThanOrEqual(lost);
  });

  it('has itself told, also when its inbox opened while it asked for its place', async () => {
    const held = await ada.locks.acquire('k');
    const replies = bob.redis.gateReplies(({ name }) => name === 'acquire-lock');
    const places = async (isToBeTold: 0 | 1) => {
      const owners = (await processes.port.send('HVALS', [`${processes.keyOf('k')}:owners`])) as Buffer[];
      return owners.filter((owner) => String(owner).startsWith('w') && String(owner).endsWith(`:${isToBeTold}`)).length;
    };
    const waits = [bob.locks.acquire('k'), bob.locks.acquire('k')];
    await untilWaiting(2);
    await replies.arrival();
    replies.release(); // the first one opens the inbox, and says so in Redis
    await eventually(async () => (await places(1)) === 1);
    replies.open();
    await eventually(async () => (await places(1)) === 2);
    await held.release();
    for (const wait of waits) expect(await (await wait).release()).toBe(true);
  });

  it('ends well though no message arrives at all', async () => {
    await openInboxes(ada, bob);
    for (const { redis } of [ada, bob]) redis.onPublished = () => false;
    const held = await ada.locks.acquire('k', { ttl: '300ms' });
    const waits = [ada, bob, ada].map(({ locks }) => locks.withLock('k', { ttl: '300ms' }, () => 1));
    await untilWaiting(3);
    await held.release();
    expect(await Promise.all(waits)).toEqual([1, 1, 1]);
  });

  it('ends well where nobody may listen or tell', async () => {
    await processes.port.send('ACL', ['SETUSER', 'mute', 'on', 'nopass', '~*', '+@all', 'resetchannels']);
    const url = processes.server.url.replace('redis://', 'redis://mute:x@');
    const mute = [await processes.process({ url }), await processes.process({ url })];
    const held = await ada.locks.acquire('k');
    const waits = mute.map(({ locks }) => locks.withLock('k', { ttl: '400ms' }, () => 1));
    await untilWaiting(2);
    await held.release();
    expect(await Promise.all(waits)).toEqual([1, 1]);
  });

  it('does not hold up others when its process has died', async () => {
    await openInboxes(bob);
    const network = await FaultProxy.start(processes.server);
    const carol = await processes.process({ url: network.urlOf(processes.server.url) });
    await openInboxes(carol);
    const held = await ada.locks.acquire('k');
    const dead = carol.locks.acquire('k', { wait: 'forever' });
    dead.catch(() => undefined);
    await untilWaiting(1);
    const alive = bob.locks.acquire('k', { wait: 'forever' });
    await untilWaiting(2);
    await network.stop();
    await eventually(async () => {
      const [, count] = (await processes.port.send('PUBSUB', [
        'NUMSUB',
        `strata:${processes.namespace}:inbox:${(await processes.locks.inspect('k')).waiters[0]?.split('.')[0] ?? ''}`,
      ])) as [Buffer, number];
      return count === 0;
    });
    const [, next] = (await ada.locks.inspect('k')).waiters;
    await held.release();
    // At once: nobody waits for a claim of the dead one.
    expect((await ada.locks.inspect('k')).holders.map(({ owner }) => owner)).toEqual([next]);
    await (await alive).release();
  });

  it('does not hold up others when its network has swallowed it', async () => {
    const network = await FaultProxy.start(processes.server);
    const carol = await processes.process({ url: network.urlOf(processes.server.url) });
    await openInboxes(carol, bob);
    const held = await ada.locks.acquire('k', { ttl: '10s' });
    const swallowed = carol.locks.acquire('k', { wait: 'forever', ttl: '300ms' });
    swallowed.catch(() => undefined);
    await untilWaiting(1);
    const alive = bob.locks.acquire('k', { wait: 'forever' });
    await untilWaiting(2);
    network.blackhole();
    await held.release();
    const lock = await alive;
    expect(lock.isHeld).toBe(true);
    await lock.release();
    await network.stop();
  });

  it('keeps its place when the connection breaks over which it listens', async () => {
    const network = await FaultProxy.start(processes.server);
    const carol = await processes.process({ url: network.urlOf(processes.server.url) });
    await openInboxes(carol);
    const held = await ada.locks.acquire('k');
    const first = carol.locks.acquire('k', { wait: 'forever' });
    await untilWaiting(1);
    const second = bob.locks.acquire('k', { wait: 'forever' });
    await untilWaiting(2);
    const [place] = (await ada.locks.inspect('k')).waiters;
    let isToBeTold: unknown = 1;
    let asked = 0;
    carol.redis.onCall = ({ args }) => {
      asked++;
      isToBeTold = args.at(-1);
    };
    network.where(({ isSubscriber }) => isSubscriber).resetConnections();
    await eventually(() => asked >= 2 && isToBeTold === 1);
    await held.release();
    const lock = await first;
    expect(lock.owner).toBe(place);
    await lock.release();
    await (await second).release();
    await network.stop();
  });

  it('outlasts a Redis that goes away and comes back without its memory', async () => {
    const carol = await processes.process({ redis: { deadline: '200ms' } });
    await ada.locks.acquire('k', { ttl: '10s' });
    const waits = carol.locks.acquire('k', { wait: 'forever' });
    await untilWaiting(1);
    await processes.server.restart();
    const lock: Lock = await waits;
    expect(lock.isHeld).toBe(true);
    await lock.release();
  });

  it('ends with its time while Redis is away', async () => {
    const carol = await processes.process({ redis: { deadline: '50ms' } });
    await ada.locks.acquire('k', { ttl: '10s' });
    const waits = carol.locks.acquire('k', { wait: '1s' });
    await untilWaiting(1);
    processes.server.pause();
    await expect(waits).rejects.toMatchObject({ code: 'LOCK_UNAVAILABLE', reason: 'away' });
    processes.server.resume();
  });
});

describe('a lock that is shared', () => {
  it('is held by all who read, or by one who writes', async () => {
    const [mine, theirs] = [ada.locks.readWriteLock('k'), bob.locks.readWriteLock('k')];
    const readers = [await mine.acquireRead(), await theirs.acquireRead(), await theirs.acquireRead()];
    expect((await ada.locks.inspect('k')).holders.map(({ mode }) => mode)).toEqual(['shared', 'shared', 'shared']);
    const write = theirs.acquireWrite();
    await untilWaiting(1);
    for (const reader of readers) await reader.release();
    const writer = await write;
    expect(readers.every(({ fence }) => fence < writer.fence)).toBe(true);
    await expect(mine.acquireRead({ wait: 'none' })).rejects.toMatchObject({ code: 'LOCK_CONTENDED' });
    await writer.release();
  });

  it('lets no reader pass a writer who waits, unless it is not to be fair', async () => {
    const reader = await ada.locks.readWriteLock('k').acquireRead();
    const order: string[] = [];
    const write = bob.locks.readWriteLock('k').withWrite({}, () => void order.push('writer'));
    await untilWaiting(1);
    const reads = [1, 2].map(() => ada.locks.readWriteLock('k').withRead({}, () => void order.push('reader')));
    await untilWaiting(3);
    await ada.locks.readWriteLock('k').withRead({ fair: false }, () => void order.push('unfair reader'));
    await reader.release();
    await Promise.all([write, ...reads]);
    expect(order).toEqual(['unfair reader', 'writer', 'reader', 'reader']);
  });

  it('gives its place to readers behind it when a writer gives up', async () => {
    const reader = await ada.locks.readWriteLock('k').acquireRead();
    const aborter = new AbortController();
    const write = bob.locks.readWriteLock('k').acquireWrite({ signal: aborter.signal, wait: 'forever' });
    await untilWaiting(1);
    const read = bob.locks.readWriteLock('k').acquireRead({ wait: 'forever' });
    await untilWaiting(2);
    aborter.abort(new Error('given up'));
    await expect(write).rejects.toThrow('given up');
    await (await read).release();
    await reader.release();
  });

  it('admits as many as it has permits', async () => {
    let inside = 0;
    let most = 0;
    const work = ({ locks }: LockProcess) =>
      locks.semaphore('k', 3).withPermit({ wait: 'forever' }, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      });
    await Promise.all(Array.from({ length: 40 }, (_, index) => work(index % 2 === 0 ? ada : bob)));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
    const permits = await Promise.all([1, 2, 3].map(() => ada.locks.semaphore('k', 3).acquire()));
    expect(await bob.locks.semaphore('k', 3).tryAcquire()).toBeUndefined();
    for (const permit of permits) await permit.release();
  });
});
