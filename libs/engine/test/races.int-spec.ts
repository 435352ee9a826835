import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheProcesses, tierOf } from './cache-processes.js';
import type { CacheProcess } from './cache-processes.js';
import { NO_MEMORY } from './engine-options.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;
let processes: CacheProcesses;
let here: CacheProcess;
let there: CacheProcess;

beforeAll(async () => {
  redis = await SharedRedis.start();
});

afterAll(() => redis.stop());

beforeEach(async () => {
  processes = new CacheProcesses(redis);
  [here, there] = await Promise.all([processes.start(), processes.start({ cache: { memory: NO_MEMORY } })]);
  await there.engine.set('a', 'old', { tags: ['t'] });
});

afterEach(() => processes.close());

/** Acts once, when the first replies are there that are meant, before who asked gets them. */
function onceReadReplied(act: () => Promise<unknown>): void {
  here.redis.onReply = async ({ kind }) => {
    if (kind !== 'read') return;
    here.redis.onReply = () => undefined;
    await act();
  };
}

/** Acts once, before the script is sent. */
function onceBefore(script: string, act: () => Promise<unknown>): void {
  here.redis.onCall = async ({ name }) => {
    if (name !== script) return;
    here.redis.onCall = () => undefined;
    await act();
  };
}

type Change = (by: CacheProcess) => Promise<unknown>;

const CHANGES: [string, Change, after: unknown][] = [
  ['deletes the key', ({ engine }) => engine.delete('a'), undefined],
  ['sets the key', ({ engine }) => engine.set('a', 'new'), 'new'],
  ['replaces the value', ({ engine }) => engine.replace('a', 'new'), 'new'],
  ['expires the key', ({ engine }) => engine.expire('a'), undefined],
  ['deletes by pattern', ({ engine }) => engine.deleteByPattern('*'), undefined],
  ['invalidates its tag', ({ engine }) => engine.deleteByTag('t'), undefined],
  ['clears the cache', ({ engine }) => engine.clear(), undefined],
];

/** The versions of a tagged entry may be read after it, so an invalidation may be seen even by who asked before. */
const MAY_BE_SEEN_BEFORE: readonly unknown[] = ['old', undefined];

describe('a reply that is on its way while this process', () => {
  it.each(CHANGES)('%s is given at most to who asked before, and not kept', async (_, change, after) => {
    onceReadReplied(() => change(here));
    expect(MAY_BE_SEEN_BEFORE).toContain(await here.engine.get('a'));
    expect(await here.engine.get('a')).toBe(after);
    onceReadReplied(() => change(here));
    expect(await here.engine.getMany(['a'])).toEqual([after]);
    expect(await here.engine.get('a')).toBe(after);
  });
});

describe('a reply that is on its way while the word comes that another process', () => {
  it.each(CHANGES)('%s is given at most to who asked before, and not kept', async (_, change, after) => {
    await processes.untilHeardBy(here);
    onceReadReplied(async () => {
      await change(there);
      await processes.untilHeardBy(here);
    });
    expect(MAY_BE_SEEN_BEFORE).toContain(await here.engine.get('a'));
    // Memory would be asked first; what is in it now would never be told of any more.
    expect(await here.engine.get('a')).toBe(after);
    expect(await here.engine.getMany(['a'])).toEqual([after]);
  });

  it.each([
    ['of a tag', () => processes.tagKey('t')],
    ['of the cache', () => processes.clearKey],
  ])('has prolonged the record %s is given to who asked', async (_, record) => {
    expect(await here.engine.get('a')).toBe('old');
    await here.engine.get('missing');
    onceReadReplied(async () => {
      await there.redis.send('PEXPIRE', [record(), 30_000_000]);
      await processes.untilHeardBy(here);
    });
    expect(await here.engine.getOrSet('a', () => 'loaded', { slidingTtl: '0ms' })).toBe('old');
  });

  it('has written nothing is kept', async () => {
    await processes.untilHeardBy(here);
    onceReadReplied(() => processes.untilHeardBy(here));
    expect(await here.engine.get('a')).toBe('old');
    expect(await tierOf(here.engine, 'a')).toBe('memory');
  });
});

describe('a write of another process between the two steps of', () => {
  it.each<[string, string, () => Promise<unknown>, unknown]>([
    ['touch', 'replace-header', () => here.engine.touch('a', '2h'), false],
    [
      'setIfAbsent',
      'store-value',
      () => here.engine.setIfAbsent('a', 'mine'),
      { stored: false, reason: 'already-present' },
    ],
  ])('%s stands', async (name, script, call, expected) => {
    if (name === 'setIfAbsent') await there.engine.delete('a');
    onceBefore(script, () => there.engine.set('a', 'new'));
    expect(await call()).toEqual(expected);
    expect(await there.engine.get('a')).toBe('new');
    expect(await there.engine.ttl('a')).toBeLessThanOrEqual(3_600_005);
  });

  it('expire is made stale, too: it may be what a load has read before', async () => {
    onceBefore('replace-header', () => there.engine.set('a', 'as old', { grace: '1h' }));
    expect(await here.engine.expire('a')).toEqual({ confirmed: true, count: 1 });
    expect(await there.engine.lookup('a')).toMatchObject({ hit: false, stale: true, value: 'as old' });
  });

  it('expire is deleted, if there is one each time that it looks', async () => {
    here.redis.onCall = async ({ name }) => {
      if (name === 'replace-header') await there.engine.set('a', 'newer', { grace: '1h' });
    };
    expect(await here.engine.expire('a')).toEqual({ confirmed: true, count: 1 });
    expect(await there.engine.lookup('a')).toMatchObject({ hit: false, stale: false });
  });

  it('replace comes first, and a deletion leaves nothing to replace', async () => {
    onceBefore('store-value', () => there.engine.set('a', 'new'));
    expect(await here.engine.replace('a', 'mine')).toEqual({ stored: true });
    expect(await there.engine.get('a')).toBe('mine');
    onceBefore('store-value', () => there.engine.delete('a'));
    expect(await here.engine.replace('a', 'mine')).toEqual({ stored: false, reason: 'absent' });
    expect(await there.engine.get('a')).toBeUndefined();
  });

  it('setIfAbsent makes room for it, where a deletion did', async () => {
    await there.engine.expire('a');
    onceBefore('store-value', () => there.engine.delete('a'));
    expect(await here.engine.setIfAbsent('a', 'mine')).toEqual({ stored: true });
  });

  it('replace is told, if there is one each time that it looks', async () => {
    here.redis.onCall = async ({ name }) => {
      if (name === 'store-value') await there.engine.set('a', 'newer');
    };
    expect(await here.engine.replace('a', 'mine')).toEqual({ stored: false, reason: 'superseded' });
    expect(await there.engine.get('a')).toBe('newer');
  });
});

describe('a load whose tags are asked for at its end', () => {
  it('is not stored when another program writes and deletes its key meanwhile', async () => {
    await there.engine.delete('a');
    await processes.untilHeardBy(here);
    const redisKey = `strata:${here.engine.name}:v:a`;
    const loaded = await here.engine.getOrSet('a', (context) => {
      context.tags.push('t');
      onceBefore('ensure-tag-version', async () => {
        await there.redis.send('SET', [redisKey, 'not ours']);
        await there.redis.send('DEL', [redisKey]);
        await processes.untilHeardBy(here);
      });
      return 'old';
    });
    expect(loaded).toBe('old');
    expect(await there.engine.get('a')).toBeUndefined();
  });
});
