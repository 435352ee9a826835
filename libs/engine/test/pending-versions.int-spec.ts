import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@nest-strata/testing';
import { CacheProcesses } from './cache-processes.js';
import type { CacheProcess } from './cache-processes.js';
import { expectSoon } from './expect-soon.js';
import { SharedRedis } from './shared-redis.js';

const RETRIED_MS = 5_000;
const OLDER = { stored: false, reason: 'older-version' };

let redis: SharedRedis;
let processes: CacheProcesses;
let here: CacheProcess;
let there: CacheProcess;

beforeEach(async () => {
  redis = await SharedRedis.start();
  processes = new CacheProcesses(redis);
  [here, there] = await Promise.all([processes.start(), processes.start()]);
});

afterEach(async () => {
  await processes.close();
  await redis.stop();
});

const allIsWell = () => here.redis.disturb({});
const settled = () => eventually(() => here.engine.pendingEvicts.count === 0, RETRIED_MS);

describe.each([
  ['refuses', { refuse: 1 }],
  ['does not confirm', { loseReply: 1 }],
])('the deletion of a version that Redis %s', (_, chaos) => {
  const deleteUnconfirmed = async (version?: number) => {
    here.redis.disturb(chaos);
    const outcome = await here.engine.delete('a', version === undefined ? undefined : { version });
    expect(outcome).toEqual({ confirmed: false, count: 0 });
  };

  it('keeps lower ones out once it is repeated', async () => {
    await there.engine.set('a', 'fourth', { version: 4 });
    await deleteUnconfirmed(9);
    allIsWell();
    await settled();
    expect(await there.engine.set('a', 'fifth', { version: 5 })).toEqual(OLDER);
    expect(await there.engine.set('a', 'ninth', { version: 9 })).toEqual({ stored: true });
    await expectSoon(() => here.engine.get('a'), 'ninth');
  });

  it('leaves a higher one that came meanwhile', async () => {
    await deleteUnconfirmed(9);
    await there.engine.set('a', 'tenth', { version: 10 });
    allIsWell();
    await settled();
    for (const { engine } of [here, there]) await expectSoon(() => engine.get('a'), 'tenth');
  });

  it('is repeated for the highest of several, whatever else is evicted', async () => {
    await deleteUnconfirmed(7);
    await deleteUnconfirmed(9);
    await deleteUnconfirmed(8);
    await deleteUnconfirmed();
    expect(here.engine.pendingEvicts.count).toBe(1);
    allIsWell();
    await settled();
    expect(await there.engine.set('a', 'late', { version: 8 })).toEqual(OLDER);
  });

  it('takes away also a higher one that was to be deleted whatever its version', async () => {
    await there.engine.set('a', 'tenth', { version: 10 });
    await deleteUnconfirmed();
    await deleteUnconfirmed(9);
    allIsWell();
    await settled();
    for (const { engine } of [here, there]) await expectSoon(() => engine.get('a'), undefined);
  });

  it('refuses a lower one that is written before it is repeated, and serves it to nobody', async () => {
    await deleteUnconfirmed(9);
    allIsWell();
    expect(await here.engine.set('a', 'late', { version: 8 })).toEqual(OLDER);
    await there.engine.set('a', 'later', { version: 7 });
    expect(await here.engine.get('a')).toBeUndefined();
    await settled();
    for (const { engine } of [here, there]) await expectSoon(() => engine.get('a'), undefined);
  });

  it('is made needless by a write of a version that it would have left', async () => {
    await deleteUnconfirmed(9);
    allIsWell();
    expect(await here.engine.set('a', 'tenth', { version: 10 })).toEqual({ stored: true });
    expect(here.engine.pendingEvicts.count).toBe(0);
    expect(await here.engine.get('a')).toBe('tenth');
  });

  it('outlasts a clear', async () => {
    await deleteUnconfirmed(9);
    allIsWell();
    expect(await here.engine.clear()).toEqual({ confirmed: true, count: 0 });
    await settled();
    expect(await there.engine.set('a', 'late', { version: 8 })).toEqual(OLDER);
  });
});

describe('a deletion that waits', () => {
  it('is not settled by that of a version, which leaves a higher one', async () => {
    await there.engine.set('a', 'tenth', { version: 10 });
    here.redis.disturb({ refuse: 1 });
    await here.engine.delete('a');
    allIsWell();
    expect(await here.engine.delete('a', { version: 9 })).toEqual({ confirmed: true, count: 0 });
    expect(await here.engine.get('a')).toBeUndefined();
    await settled();
    for (const { engine } of [here, there]) await expectSoon(() => engine.get('a'), undefined);
  });

  it('is not settled by an expiry, which leaves a stale copy', async () => {
    await there.engine.set('a', 'old', { grace: '1h' });
    here.redis.disturb({ refuse: 1 });
    await here.engine.delete('a');
    allIsWell();
    expect(await here.engine.expire('a')).toEqual({ confirmed: true, count: 1 });
    expect(await here.engine.lookup('a')).toMatchObject({ stale: false });
    await settled();
    for (const { engine } of [here, there]) await expectSoon(async () => (await engine.lookup('a')).stale, false);
  });
});
