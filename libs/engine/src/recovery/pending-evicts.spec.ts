import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RedisUnavailableError } from '@nest-strata/redis';
import { FakeClock, SeededRandom } from '@nest-strata/testing';
import { encodeSourceVersion, NO_SOURCE_VERSION } from '../entry/source-version.js';
import { KeyGlob } from '../keys/key-glob.js';
import type { Evict } from './evict.js';
import { PendingEvicts } from './pending-evicts.js';
import type { PendingEvictChange } from './pending-evicts.js';

interface Attempt {
  readonly evict: Evict;
  readonly atMs: number;
  succeed(): Promise<void>;
  fail(error?: Error): Promise<void>;
}

const key = (name: string): Evict => ({ kind: 'key', key: name });
const tag = (name: string): Evict => ({ kind: 'tag', tag: name });
const pattern = (glob: string): Evict => ({ kind: 'pattern', glob });
const CLEAR: Evict = { kind: 'clear' };
/** A deletion of what has this version or a lower one. */
const upTo = (version: number, name = 'a'): Evict => {
  const floor = { version: encodeSourceVersion(version), forMs: 60_000, sparesHigher: true };
  return { kind: 'key', key: name, floor };
};

let clock: FakeClock;
let isReachable: boolean;
let attempts: Attempt[];
let changes: PendingEvictChange[];
let pending: PendingEvicts;

function makePending(maxPending = 10_000): PendingEvicts {
  return new PendingEvicts({
    attempt: (evict) =>
      new Promise<void>((resolve, reject) => {
        attempts.push({
          evict,
          atMs: clock.monotonicMs(),
          succeed: () => (resolve(), clock.advanceAsync(0)),
          fail: (error = new RedisUnavailableError('deadline')) => (reject(error), clock.advanceAsync(0)),
        });
      }),
    isReachable: () => isReachable,
    toGlob: (glob) => new KeyGlob(glob),
    onChange: (change) => changes.push(change),
    clock,
    random: new SeededRandom(1),
    maxPending,
  });
}

/** The attempts since the last call. */
const takeAttempts = () => attempts.splice(0);
const attempted = () => takeAttempts().map(({ evict }) => evict);
async function theAttempt(): Promise<Attempt> {
  await clock.advanceAsync(0);
  const [attempt, ...more] = takeAttempts();
  if (attempt === undefined || more.length > 0) throw new Error(`${more.length + (attempt ? 1 : 0)} attempts`);
  return attempt;
}
const firstDelayOver = () => clock.advanceAsync(120);

beforeEach(() => {
  clock = new FakeClock();
  isReachable = true;
  attempts = [];
  changes = [];
  pending = makePending();
});

describe('PendingEvicts', () => {
  describe('while something is pending', () => {
    it('blocks nothing before anything is', () => {
      expect(pending).toMatchObject({ isEmpty: true, count: 0, oldestAgeMs: 0 });
      expect([pending.blocksKey('a'), pending.blocksTag('a')]).toEqual([false, false]);
    });

    it('blocks a key, and neither other keys nor the tag of that name', () => {
      pending.add(key('a'));
      expect(pending).toMatchObject({ isEmpty: false, count: 1 });
      expect([pending.blocksKey('a'), pending.blocksKey('b'), pending.blocksTag('a')]).toEqual([true, false, false]);
    });

    it('blocks a tag, and not the key of that name', () => {
      pending.add(tag('a'));
      expect([pending.blocksTag('a'), pending.blocksTag('b'), pending.blocksKey('a')]).toEqual([true, false, false]);
    });

    it('blocks the keys that match a pattern', () => {
      pending.add(pattern('hero:*'));
      pending.add(pattern('story:?'));
      expect(['hero:1', 'story:1', 'story:12', 'child:1'].map((name) => pending.blocksKey(name))).toEqual([
        true,
        true,
        false,
        false,
      ]);
    });

    it('blocks everything once a clear is', () => {
      pending.add(CLEAR);
      expect([pending.blocksKey('a'), pending.blocksTag('a')]).toEqual([true, true]);
    });

    it('refuses a malformed pattern, and is none the worse', () => {
      expect(() => pending.add(pattern('a['))).toThrow('a[');
      expect(pending.isEmpty).toBe(true);
    });

    it('tells the age of what was added first, also if it was added again', async () => {
      isReachable = false;
      pending.add(key('a'));
      await clock.advanceAsync(1_000);
      pending.add(tag('t'));
      pending.add(key('b'));
      await clock.advanceAsync(500);
      pending.add(key('a'));
      expect(pending).toMatchObject({ count: 3, oldestAgeMs: 1_500 });
      pending.supersede('a', pending.stamp(), NO_SOURCE_VERSION);
      expect(pending.oldestAgeMs).toBe(500);
    });
  });

  describe('repeating', () => {
    it('attempts after about 100 ms, then ever later up to 2 s, until Redis acknowledges', async () => {
      pending.add(key('a'));
      const delaysMs: number[] = [];
      let lastMs = clock.monotonicMs();
      for (let failures = 0; failures < 8; failures++) {
        await clock.advanceAsync(2_020);
        const attempt = await theAttempt();
        delaysMs.push(attempt.atMs - lastMs);
        lastMs = clock.monotonicMs();
        await attempt.fail();
      }
      for (const [index, delayMs] of delaysMs.entries()) {
        const longestMs = Math.min(100 * 2 ** Math.max(0, index - 1), 2_000);
        expect(delayMs).toBeGreaterThanOrEqual(longestMs / 2);
        expect(delayMs).toBeLessThanOrEqual(longestMs + 20);
      }
      await clock.advanceAsync(2_020);
      await (await theAttempt()).succeed();
      expect(pending.isEmpty).toBe(true);
      expect(pending.blocksKey('a')).toBe(false);
      expect(clock.pendingTimers).toBe(0);
      expect(changes).toEqual([
        { kind: 'added', evict: key('a') },
        { kind: 'settled', evict: key('a') },
      ]);
    });

    it('repeats each on its own: one that never gets an answer and one that keeps failing delay no other', async () => {
      for (const name of ['hangs', 'fails', 'a']) pending.add(key(name));
      await firstDelayOver();
      const [, fails, a] = takeAttempts();
      await fails?.fail();
      await a?.succeed();
      pending.add(key('b'));
      for (let round = 0; round < 10; round++) {
        await clock.advanceAsync(2_020);
        for (const attempt of takeAttempts()) await (attempt.evict === key('b') ? attempt.succeed() : attempt.fail());
      }
      pending.add(key('c'));
      await firstDelayOver();
      expect(attempted()).toEqual([key('c')]);
    });

    it('makes no more than 64 attempts at once, and none twice at the same time', async () => {
      for (let index = 0; index < 100; index++) pending.add(key(String(index)));
      pending.wake();
      pending.wake();
      await firstDelayOver();
      const first = takeAttempts();
      expect(first).toHaveLength(64);
      await first[0]?.succeed();
      await first[1]?.fail();
      expect(attempted()).toEqual([key('64'), key('65')]);
    });

    it('lets patterns, which take long, delay nobody else', async () => {
      for (let index = 0; index < 70; index++) pending.add(pattern(`p${index}*`));
      pending.add(key('a'));
      pending.add(tag('t'));
      pending.wake();
      expect(attempted()).toEqual([pattern('p0*'), pattern('p1*'), tag('t'), key('a')]);
    });

    it('attempts nothing while Redis cannot be asked, and all at once when it is back', async () => {
      isReachable = false;
      for (const name of ['a', 'b', 'c']) pending.add(key(name));
      await clock.advanceAsync(60_000);
      pending.wake();
      await clock.advanceAsync(60_000);
      expect(attempted()).toEqual([]);
      isReachable = true;
      pending.wake();
      expect(attempted()).toEqual([key('a'), key('b'), key('c')]);
    });

    it('finds out within 2 s by itself that Redis can be asked again', async () => {
      isReachable = false;
      pending.add(key('a'));
      await clock.advanceAsync(60_000);
      isReachable = true;
      await clock.advanceAsync(2_000);
      expect(attempted()).toEqual([key('a')]);
    });

    it('begins anew with its delays when Redis is back', async () => {
      pending.add(key('a'));
      for (let failures = 0; failures < 6; failures++) {
        await clock.advanceAsync(2_020);
        await (await theAttempt()).fail();
      }
      pending.wake();
      await (await theAttempt()).fail();
      await firstDelayOver();
      expect(attempted()).toEqual([key('a')]);
    });

    it('counts an attempt that began before Redis was back for no delay after it', async () => {
      pending.add(key('a'));
      await firstDelayOver();
      const [before] = takeAttempts();
      pending.wake();
      expect(attempted()).toEqual([]);
      await before?.fail();
      await firstDelayOver();
      expect(attempted()).toEqual([key('a')]);
    });

    it('gives up on a mistake, tells it, and goes on blocking', async () => {
      const mistake = new TypeError('broken');
      pending.add(key('a'));
      await firstDelayOver();
      await (await theAttempt()).fail(mistake);
      await clock.advanceAsync(60_000);
      expect(attempted()).toEqual([]);
      expect(changes.at(-1)).toEqual({ kind: 'abandoned', evict: key('a'), error: mistake });
      expect(pending.blocksKey('a')).toBe(true);
      expect(clock.pendingTimers).toBe(0);
      pending.wake();
      await (await theAttempt()).succeed();
      expect(pending.isEmpty).toBe(true);
    });
  });

  describe('with newer operations', () => {
    it('is lifted by a write of the key that began after it', () => {
      pending.add(key('a'));
      pending.add(key('b'));
      pending.supersede('a', pending.stamp(), NO_SOURCE_VERSION);
      expect([pending.blocksKey('a'), pending.blocksKey('b')]).toEqual([false, true]);
      pending.supersede('b', pending.stamp(), NO_SOURCE_VERSION);
      expect([pending.isEmpty, clock.pendingTimers]).toEqual([true, 0]);
    });

    it('stands when a write is acknowledged that began before it', () => {
      const stamp = pending.stamp();
      pending.add(key('a'));
      pending.supersede('a', stamp, NO_SOURCE_VERSION);
      pending.confirm(key('a'), stamp);
      pending.confirm(CLEAR, stamp);
      expect(pending.blocksKey('a')).toBe(true);
    });

    it('leaves patterns and a clear alone when a key is written', () => {
      pending.add(pattern('a*'));
      pending.supersede('a', pending.stamp(), NO_SOURCE_VERSION);
      expect(pending.blocksKey('a')).toBe(true);
      pending.confirm(pattern('a*'), pending.stamp());
      expect(pending.blocksKey('a')).toBe(false);
      pending.add(CLEAR);
      pending.supersede('a', pending.stamp(), NO_SOURCE_VERSION);
      pending.confirm(key('a'), pending.stamp());
      expect(pending.blocksKey('a')).toBe(true);
    });

    it('is lifted by an evict of the same that is acknowledged, whatever else is pending', () => {
      for (const evict of [key('x'), tag('x'), pattern('x')]) pending.add(evict);
      pending.confirm(tag('x'), pending.stamp());
      expect([pending.blocksTag('x'), pending.count]).toEqual([false, 2]);
      pending.confirm(tag('x'), pending.stamp());
      pending.confirm(key('y'), pending.stamp());
      expect(pending.count).toBe(2);
    });

    it('is lifted altogether by a clear that began after all of them', () => {
      for (const evict of [key('a'), tag('t'), pattern('p*'), CLEAR]) pending.add(evict);
      const stamp = pending.stamp();
      pending.add(key('later'));
      pending.confirm(CLEAR, stamp);
      expect([pending.count, pending.blocksKey('later'), pending.blocksKey('other')]).toEqual([1, true, false]);
    });

    it('does not come back when an attempt fails that was superseded on its way', async () => {
      pending.add(key('a'));
      await firstDelayOver();
      const [attempt] = takeAttempts();
      pending.supersede('a', pending.stamp(), NO_SOURCE_VERSION);
      await attempt?.fail();
      await clock.advanceAsync(60_000);
      expect([pending.isEmpty, attempted(), clock.pendingTimers]).toEqual([true, [], 0]);
    });

    it('does not begin an attempt that was superseded while it waited for its turn', async () => {
      for (let index = 0; index < 65; index++) pending.add(key(String(index)));
      pending.wake();
      pending.supersede('64', pending.stamp(), NO_SOURCE_VERSION);
      const first = takeAttempts();
      await first[0]?.succeed();
      expect(attempted()).toEqual([]);
      expect(pending.count).toBe(63);
    });

    it('leaves an attempt that waited for its turn to the newer one when it is added again meanwhile', async () => {
      for (let index = 0; index < 65; index++) pending.add(key(String(index)));
      pending.wake();
      pending.add(key('64'));
      const first = takeAttempts();
      await first[0]?.succeed();
      expect(attempted()).toEqual([]);
      await firstDelayOver();
      expect(attempted()).toEqual([key('64')]);
    });

    it('stays when it is added again while its attempt is on its way, until a later attempt is acknowledged', async () => {
      pending.add(key('a'));
      await firstDelayOver();
      const first = await theAttempt();
      pending.add(key('a'));
      await first.succeed();
      expect(pending.blocksKey('a')).toBe(true);
      await firstDelayOver();
      await (await theAttempt()).succeed();
      expect(pending.isEmpty).toBe(true);
      expect(changes.filter(({ kind }) => kind === 'added')).toHaveLength(1);
    });

    it('is not put off by being added again and again', async () => {
      for (let round = 0; round < 10; round++) {
        pending.add(key('a'));
        await clock.advanceAsync(20);
      }
      expect(attempts.length).toBeGreaterThan(0);
    });

    it('is lifted by the attempt of a clear only as far as it stood when the attempt began', async () => {
      pending.add(CLEAR);
      pending.add(key('before'));
      pending.wake();
      const [clear] = takeAttempts();
      pending.add(key('after'));
      await clear?.succeed();
      expect(['before', 'after'].map((name) => pending.blocksKey(name))).toEqual([false, true]);
    });
  });

  describe('with versions', () => {
    const written = (version: number) => pending.supersede('a', pending.stamp(), encodeSourceVersion(version));

    it('repeats with the highest of those that were deleted', async () => {
      for (const version of [7, 9, 8]) pending.add(upTo(version));
      await firstDelayOver();
      expect(attempted()).toEqual([upTo(9)]);
    });

    it('repeats both what was deleted whatever its version and the version that was deleted, in either order', async () => {
      const both = { ...upTo(9), floor: { version: encodeSourceVersion(9), forMs: 60_000, sparesHigher: false } };
      for (const [first, second] of [
        [key('a'), upTo(9)],
        [upTo(9), key('a')],
      ] as const) {
        pending.add(first);
        pending.add(second);
        await firstDelayOver();
        const attempt = await theAttempt();
        expect(attempt.evict).toEqual(both);
        await attempt.succeed();
        expect(pending.isEmpty).toBe(true);
      }
    });

    it('is lifted by a write of the same version, of a higher one, and of none', () => {
      for (const version of [9, 10]) {
        pending.add(upTo(9));
        expect([written(version), pending.isEmpty]).toEqual([true, true]);
      }
      pending.add(upTo(9));
      expect([pending.supersede('a', pending.stamp(), NO_SOURCE_VERSION), pending.isEmpty]).toEqual([true, true]);
    });

    it('stands when a lower one is written, and says so', () => {
      pending.add(upTo(9));
      expect([written(8), pending.blocksKey('a')]).toEqual([false, true]);
    });

    it('is lifted by a deletion of the same version, of a higher one, and of all, and by no other', () => {
      for (const done of [upTo(9), upTo(10), key('a')]) {
        pending.add(upTo(9));
        pending.confirm(done, pending.stamp());
        expect(pending.isEmpty).toBe(true);
      }
      pending.add(upTo(9));
      for (const done of [upTo(8), CLEAR, upTo(9, 'b')]) pending.confirm(done, pending.stamp());
      expect(pending.blocksKey('a')).toBe(true);
    });

    it('does not take the deletion of a version, which may leave a higher one, for that of all', () => {
      pending.add(key('a'));
      pending.confirm(upTo(9), pending.stamp());
      expect(pending.blocksKey('a')).toBe(true);
    });
  });

  describe('with too many', () => {
    it('collapses into one clear that waits as long as the oldest', async () => {
      pending = makePending(3);
      isReachable = false;
      pending.add(key('a'));
      await clock.advanceAsync(1_000);
      for (const evict of [tag('t'), key('b')]) pending.add(evict);
      expect(pending.blocksKey('other')).toBe(false);
      pending.add(key('c'));
      expect(pending).toMatchObject({ count: 1, oldestAgeMs: 1_000 });
      expect(pending.blocksKey('other')).toBe(true);
      expect(changes.at(-1)).toEqual({ kind: 'collapsed', count: 4 });
    });

    it('is done once the clear is acknowledged, and only by an attempt after the collapse', async () => {
      pending = makePending(2);
      pending.add(CLEAR);
      pending.add(key('a'));
      await firstDelayOver();
      const [clear] = takeAttempts();
      pending.add(key('b'));
      await clear?.succeed();
      expect([pending.count, pending.blocksKey('other')]).toEqual([1, true]);
      await firstDelayOver();
      await (await theAttempt()).succeed();
      expect(pending.isEmpty).toBe(true);
    });

    it('stays bounded however many more come', () => {
      pending = makePending(100);
      for (let index = 0; index < 1_000; index++) {
        pending.add(key(String(index)));
        expect(pending.count).toBeLessThanOrEqual(100);
      }
    });

    it('collapses more than a hundred patterns, which every read would have to be matched against', () => {
      for (let index = 0; index < 101; index++) pending.add(pattern(`p${index}*`));
      expect([pending.count, pending.blocksKey('other')]).toEqual([1, true]);
    });
  });

  describe('close', () => {
    it('resolves as soon as nothing is left', async () => {
      pending.add(key('a'));
      const closed = pending.close(5_000);
      const [first] = takeAttempts();
      await first?.fail();
      await firstDelayOver();
      await (await theAttempt()).succeed();
      expect(await closed).toEqual([]);
      expect(clock.pendingTimers).toBe(0);
    });

    it('tells after the deadline what is left, goes on blocking it, and attempts no more', async () => {
      pending.add(key('a'));
      pending.add(CLEAR);
      const closed = pending.close(5_000);
      expect(pending.close(1)).toBe(closed);
      await clock.advanceAsync(5_000);
      expect(await closed).toEqual([CLEAR, key('a')]);
      const started = takeAttempts();
      for (const attempt of started) await attempt.fail();
      pending.add(key('b'));
      pending.wake();
      await clock.advanceAsync(60_000);
      expect([pending.blocksKey('b'), attempted(), clock.pendingTimers]).toEqual([true, [], 0]);
    });

    it('resolves at once when nothing is pending', async () => {
      expect(await pending.close(5_000)).toEqual([]);
    });
  });
});

afterEach(() => {
  // Whatever happened: what is empty keeps no timer.
  if (pending.isEmpty) expect(clock.pendingTimers).toBe(0);
});
