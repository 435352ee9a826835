import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '@nest-strata/core';
import type { CacheEntry, CacheTier } from '@nest-strata/engine';
import { FakeClock } from '../time/fake-clock.js';
import { describeContract } from './contract.js';
import type { ContractClause, ContractSubject } from './contract.js';
import { keysOfAllKinds } from './keys-of-all-kinds.js';
import { valuesOfAllKinds } from './values-of-all-kinds.js';

/** An empty tier, made for one test. */
export interface CacheTierSubject extends ContractSubject {
  readonly tier: CacheTier;
  /** The clock that the tier reads. A {@link FakeClock} is advanced, any other is waited for. */
  readonly clock: Clock;
}

/** How far a time may be off after a tier has translated it to another clock and back. */
const TIME_TOLERANCE_MS = 2;
const MANY_KEYS = 10_000;

/**
 * Declares the tests that every {@link CacheTier} must pass; about 20, each with a tier of its own.
 *
 * @example
 * describeCacheTier('MyTier', () => {
 *   const clock = new FakeClock();
 *   return { tier: new MyTier(clock), clock };
 * });
 */
export function describeCacheTier(name: string, makeTier: () => CacheTierSubject | Promise<CacheTierSubject>): void {
  describeContract(`${name} keeps the contract of a cache tier:`, cacheTierClauses, makeTier);
}

/** The clauses of {@link describeCacheTier}. */
export const cacheTierClauses: readonly ContractClause<CacheTierSubject>[] = [
  {
    title: 'reads undefined for what was never written, and nothing for no keys',
    async check({ tier }) {
      assert.deepEqual(await tier.read(['missing', 'also missing']), [undefined, undefined]);
      assert.deepEqual(await tier.read([]), []);
    },
  },
  {
    title: 'reads in the order of the keys, misses and duplicates included',
    async check({ tier, clock }) {
      await tier.write('a', entryOf('of a', clock));
      await tier.write('b', entryOf('of b', clock));
      const read = await tier.read(['b', 'missing', 'a', 'b']);
      assert.deepEqual(valuesOf(read), ['of b', undefined, 'of a', 'of b']);
    },
  },
  {
    title: 'keeps the identity, tags and versions of an entry, and its times to 2 ms',
    async check({ tier, clock }) {
      const entry = entryOf('value', clock, {
        writeId: 'fedcba9876543210',
        clearVersion: '00064f1c2b3a4d5e',
        tags: [
          { tag: 'story:1', version: '00064f1c2b3a4d5f' },
          { tag: 'Größe, 大小 {%}\n', version: 'ffffffffffffffff' },
        ],
      });
      await tier.write('key', entry);
      const copy = await readOne(tier, 'key');
      assert.equal(copy?.writeId, entry.writeId);
      assert.equal(copy.clearVersion, entry.clearVersion);
      assert.deepEqual(copy.tags.map(plain), entry.tags);
      assertSameTimes(copy, entry);
    },
  },
  {
    title: 'keeps an entry that is fresh for ever',
    async check({ tier, clock }) {
      const entry = entryOf('value', clock, { freshUntilMs: Infinity, goneAtMs: Infinity });
      await tier.write('key', entry);
      const copy = await readOne(tier, 'key');
      assert.equal(copy?.value, 'value');
      assertSameTimes(copy, entry);
    },
  },
  {
    title: 'returns a copy that is no longer fresh, as long as its time is not over',
    async check({ tier, clock }) {
      const entry = entryOf('stale', clock, { freshUntilMs: clock.monotonicMs() - 10 });
      await tier.write('key', entry);
      const copy = await readOne(tier, 'key');
      assert.equal(copy?.value, 'stale');
      assertSameTimes(copy, entry);
    },
  },
  {
    title: 'returns a copy until goneAtMs and never after',
    async check({ tier, clock }) {
      const goneAtMs = clock.monotonicMs() + 80;
      await tier.write('key', entryOf('value', clock, { freshUntilMs: goneAtMs, goneAtMs }));
      await tier.write('other', entryOf('other', clock));
      assert.equal((await readOne(tier, 'other'))?.value, 'other');
      for (;;) {
        const beforeMs = clock.monotonicMs();
        const copy = await readOne(tier, 'key');
        if (copy === undefined) break;
        assert.ok(beforeMs <= goneAtMs + TIME_TOLERANCE_MS, `served ${beforeMs - goneAtMs} ms after its time was over`);
        await pass(clock, 3);
      }
      const leftMs = goneAtMs - clock.monotonicMs();
      assert.ok(leftMs <= TIME_TOLERANCE_MS, `gone ${leftMs} ms before its time was over`);
      await pass(clock, TIME_TOLERANCE_MS);
      assert.equal(await tier.delete(['key']), 0);
      assert.deepEqual(await listKeys(tier, '*'), ['other']);
    },
  },
  {
    title: 'does not keep an entry that is already gone, nor what it was to replace',
    async check({ tier, clock }) {
      const nowMs = clock.monotonicMs();
      await tier.write('key', entryOf('before', clock));
      for (const goneAtMs of [nowMs, nowMs - 1, -Infinity]) {
        const gone = entryOf('gone', clock, { freshUntilMs: goneAtMs, goneAtMs });
        await tier.write('key', gone);
        await tier.write('new', gone);
        assert.deepEqual(await tier.read(['key', 'new']), [undefined, undefined]);
      }
      assert.deepEqual(await listKeys(tier, '*'), []);
    },
  },
  {
    title: 'replaces an entry as a whole: value, times and tags',
    async check({ tier, clock }) {
      const before = entryOf({ a: 1, b: 2 }, clock, { tags: [{ tag: 'old', version: '0000000000000001' }] });
      const after = entryOf({ a: 3 }, clock, { goneAtMs: clock.monotonicMs() + 120_000, writeId: '2222222222222222' });
      await tier.write('key', before);
      await tier.write('key', after);
      const copy = await readOne(tier, 'key');
      assert.deepEqual(plain(copy?.value), { a: 3 });
      assert.deepEqual(copy?.tags, []);
      assert.equal(copy.writeId, '2222222222222222');
      assertSameTimes(copy, after);
      assert.deepEqual(await listKeys(tier, '*'), ['key']);
    },
  },
  {
    title: 'gives a replaced entry the time of the new one, longer or shorter',
    async check({ tier, clock }) {
      const soonMs = clock.monotonicMs() + 50;
      await tier.write('longer', entryOf('short', clock, { freshUntilMs: soonMs, goneAtMs: soonMs }));
      await tier.write('longer', entryOf('long', clock));
      await tier.write('shorter', entryOf('long', clock));
      await tier.write('shorter', entryOf('short', clock, { freshUntilMs: soonMs, goneAtMs: soonMs }));
      await pass(clock, soonMs - clock.monotonicMs() + TIME_TOLERANCE_MS + 1);
      assert.deepEqual(valuesOf(await tier.read(['longer', 'shorter'])), ['long', undefined]);
    },
  },
  {
    title: 'deletes what it is asked to and nothing else, and counts what was there',
    async check({ tier, clock }) {
      for (const key of ['a', 'b', 'c']) await tier.write(key, entryOf(key, clock));
      assert.equal(await tier.delete(['a', 'missing', 'b', 'a']), 2);
      assert.deepEqual(valuesOf(await tier.read(['a', 'b', 'c'])), [undefined, undefined, 'c']);
      assert.equal(await tier.delete(['a']), 0);
      assert.equal(await tier.delete([]), 0);
    },
  },
  {
    title: 'takes a key again after it was deleted',
    async check({ tier, clock }) {
      await tier.write('key', entryOf('first', clock));
      await tier.delete(['key']);
      await tier.write('key', entryOf('second', clock));
      assert.equal((await readOne(tier, 'key'))?.value, 'second');
      assert.equal(await tier.delete(['key']), 1);
    },
  },
  ...valuesOfAllKinds().map(({ kind, value }) => ({
    title: `brings back ${kind}`,
    async check({ tier, clock }: CacheTierSubject) {
      await tier.write('key', entryOf(value, clock));
      const copy = await readOne(tier, 'key');
      assert.ok(copy, 'the entry is not there');
      assert.deepEqual(copy.value, value);
      if (value instanceof URL) assert.equal(String(copy.value), value.href);
    },
  })),
  {
    title: 'keeps a property named __proto__ as data',
    async check({ tier, clock }) {
      const value: unknown = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}');
      await tier.write('key', entryOf(value, clock));
      const copy = (await readOne(tier, 'key'))?.value as object;
      assert.equal(Object.getPrototypeOf(copy), Object.prototype);
      assert.deepEqual(Object.keys(copy).sort(), ['__proto__', 'constructor']);
      assert.equal((copy as { polluted?: unknown }).polluted, undefined);
    },
  },
  {
    title: 'tells apart keys that a careless encoding would mix up, and lists each as it was written',
    async check({ tier, clock }) {
      const keys = keysOfAllKinds();
      assert.deepEqual(
        await tier.read(keys),
        keys.map(() => undefined),
      );
      for (const key of keys) await tier.write(key, entryOf(`of ${key}`, clock));
      assert.deepEqual(
        valuesOf(await tier.read(keys)),
        keys.map((key) => `of ${key}`),
      );
      assert.deepEqual(await listKeys(tier, '*'), [...keys].sort());
      for (const key of keys) assert.equal(await tier.delete([key]), 1, `deletes ${JSON.stringify(key)}`);
      assert.deepEqual(await listKeys(tier, '*'), []);
    },
  },
  {
    title: 'lists the keys that a glob matches from end to end',
    async check({ tier, clock }) {
      const keys = ['hero:1', 'hero:2', 'hero:12', 'hero:', 'hero', 'super-hero:1', 'Hero:1', 'story:1:hero:1'];
      for (const key of keys) await tier.write(key, entryOf(key, clock));
      const expected: Record<string, string[]> = {
        '*': keys,
        'hero:1': ['hero:1'],
        'hero:*': ['hero:1', 'hero:12', 'hero:2', 'hero:'],
        'hero:?': ['hero:1', 'hero:2'],
        'hero:[13]': ['hero:1'],
        '*hero:?': ['hero:1', 'hero:2', 'super-hero:1', 'story:1:hero:1'],
        '*:*:*': ['story:1:hero:1'],
        'nothing*': [],
      };
      for (const [glob, matching] of Object.entries(expected)) {
        assert.deepEqual(await listKeys(tier, glob), [...matching].sort(), `keys(${JSON.stringify(glob)})`);
      }
    },
  },
  {
    title: 'takes a character of a glob for itself after a backslash',
    async check({ tier, clock }) {
      const keys = ['a*b', 'axb', 'a?b', 'a[1]b', 'a1b', 'a\\b', 'a%b', 'a{x}b', 'axxb'];
      for (const key of keys) await tier.write(key, entryOf(key, clock));
      const expected: Record<string, string[]> = {
        'a\\*b': ['a*b'],
        'a\\?b': ['a?b'],
        'a\\[1\\]b': ['a[1]b'],
        'a[1]b': ['a1b'],
        'a\\\\b': ['a\\b'],
        'a%b': ['a%b'],
        'a{x}b': ['a{x}b'],
        'a?b': ['a%b', 'a*b', 'a1b', 'a?b', 'a\\b', 'axb'],
      };
      for (const [glob, matching] of Object.entries(expected)) {
        assert.deepEqual(await listKeys(tier, glob), [...matching].sort(), `keys(${JSON.stringify(glob)})`);
      }
    },
  },
  {
    title: `keeps, lists and deletes ${MANY_KEYS} keys`,
    async check({ tier, clock }) {
      const keys = Array.from({ length: MANY_KEYS }, (_, index) => `item:${index}`);
      await Promise.all(keys.map((key) => tier.write(key, entryOf(key, clock))));
      assert.deepEqual(valuesOf(await tier.read(keys)), keys);
      assert.deepEqual(await listKeys(tier, 'item:*'), [...keys].sort());
      assert.equal((await listKeys(tier, 'item:77*')).length, 111);
      assert.equal(await tier.delete(keys), MANY_KEYS);
      assert.deepEqual(await listKeys(tier, '*'), []);
    },
  },
  {
    title: 'lists what stayed throughout while other keys come and go',
    async check({ tier, clock }) {
      const stayed = Array.from({ length: 3_000 }, (_, index) => `stayed:${index}`);
      await Promise.all(stayed.map((key) => tier.write(key, entryOf(key, clock))));
      const listed = new Set<string>();
      let round = 0;
      for await (const batch of tier.keys('stayed:*')) {
        for (const key of batch) listed.add(key);
        await tier.write(`new:${round}`, entryOf('new', clock));
        await tier.delete([`new:${round++ - 1}`]);
      }
      assert.deepEqual([...listed].sort(), [...stayed].sort());
    },
  },
];

function entryOf(value: unknown, clock: Clock, differences: Partial<CacheEntry> = {}): CacheEntry {
  const nowMs = clock.monotonicMs();
  return {
    value,
    createdAtMs: nowMs,
    freshUntilMs: nowMs + 60_000,
    goneAtMs: nowMs + 60_000,
    writeId: '0123456789abcdef',
    clearVersion: '0000000000000001',
    tags: [],
    sourceVersion: '0000000000000000',
    etag: undefined,
    loadMs: 0,
    ...differences,
  };
}

async function readOne(tier: CacheTier, key: string): Promise<CacheEntry | undefined> {
  const copies = await tier.read([key]);
  assert.equal(copies.length, 1);
  return copies[0];
}

/** The distinct keys that match, sorted: a tier may list a key twice and in any order. */
async function listKeys(tier: CacheTier, glob: string): Promise<string[]> {
  const keys = new Set<string>();
  for await (const batch of tier.keys(glob)) for (const key of batch) keys.add(key);
  return [...keys].sort();
}

function valuesOf(copies: readonly (CacheEntry | undefined)[]): unknown[] {
  return copies.map((copy) => copy?.value);
}

/** Without prototype and extra members, which are the tier's own business. */
function plain<T>(value: T): T {
  return { ...value };
}

function assertSameTimes(copy: CacheEntry, entry: CacheEntry): void {
  for (const time of ['createdAtMs', 'freshUntilMs', 'goneAtMs'] as const) {
    const isSame = copy[time] === entry[time] || Math.abs(copy[time] - entry[time]) <= TIME_TOLERANCE_MS;
    assert.ok(isSame, `${time} is ${copy[time]}, was written as ${entry[time]}`);
  }
}

async function pass(clock: Clock, ms: number): Promise<void> {
  if (clock instanceof FakeClock) await clock.advanceAsync(ms);
  else await sleep(ms);
}
