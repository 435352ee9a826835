import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, it } from '@jest/globals';
import { KeySpace } from '@nest-strata/engine';
import type { WorkerProcess } from '@nest-strata/testing';
import { CacheFleet } from './support/cache-fleet.js';
import type { CacheSettings } from './support/cache-settings.js';
import type { CacheWorker } from './support/cache.worker.js';
import { plainVerdict } from './support/plain-verdict.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';

const KEYS = 20;
const ROUNDS = 2 * SCALE;
const OLD = 1;
const NEW = 2;
/** Within it whoever is told one thing was told all of it. */
const TOLD_MS = 10;
const TIMEOUT_MS = 30_000 * SCALE;
const PATIENT = { deadline: '2s' } as const;

let fleet: CacheFleet;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: 2 });
  await fleet.open('tracking', { redis: PATIENT });
});

afterEach(() => fleet.heal());

afterAll(() => fleet.stop());

interface Changed {
  readonly cache: string;
  readonly keys: readonly string[];
  readonly by: WorkerProcess<CacheWorker>;
}

type Change = (changed: Changed) => Promise<unknown>;

const CHANGES: [string, Change][] = [
  ['are deleted', ({ cache, keys, by }) => Promise.all(keys.map((key) => by.call('delete', cache, key)))],
  ['are set', ({ cache, keys, by }) => Promise.all(keys.map((key) => by.call('set', cache, key, NEW)))],
  ['expire by hand', ({ cache, keys, by }) => Promise.all(keys.map((key) => by.call('expire', cache, key)))],
  ['lose their tags', ({ cache, keys, by }) => by.call('deleteByTag', cache, keys)],
  ['are deleted by pattern', ({ cache, by }) => by.call('deleteByPattern', cache, '*')],
  ['are cleared', ({ cache, by }) => by.call('clear', cache)],
];

/** Only Redis itself tells of these. */
const FOREIGN: [string, Change][] = [
  ['are deleted by another program', ({ cache, keys }) => fleet.tellRedis('DEL', ...redisKeys(cache, keys))],
  [
    'expire in Redis',
    async ({ cache, keys }) => {
      await Promise.all(redisKeys(cache, keys).map((key) => fleet.tellRedis('PEXPIRE', key, '1')));
      await sleep(TOLD_MS);
      // Whoever looks for them finds them expired; else Redis does, some time.
      await fleet.tellRedis('EXISTS', ...redisKeys(cache, keys));
    },
  ],
  ['are flushed', () => fleet.tellRedis('FLUSHALL')],
];

function redisKeys(cache: string, keys: readonly string[]): string[] {
  const keySpace = new KeySpace([cache]);
  return keys.map((key) => keySpace.valueKey(key));
}

/**
 * Reads keys, keeps the replies in the network until the reader has been told that they were changed, and looks what the
 * reader has after that.
 */
async function readAcross(cache: string, change: Change, read: (keys: readonly string[]) => Promise<unknown>) {
  const [reader, by] = [fleet.worker(0), fleet.worker(1)];
  const keys = Array.from({ length: KEYS }, () => fleet.newKey('raced'));
  for (const key of keys) fleet.database.commit(key);
  await Promise.all(keys.map((key) => by.call('set', cache, key, OLD, { tags: [key] })));
  await reader.call('untilReady', cache);

  // Its clock is compared with that of Redis before its first read.
  await reader.call('get', cache, 'whatever');
  await sleep(TOLD_MS);
  const replies = fleet
    .network(0)
    .where(({ isSubscriber }) => !isSubscriber)
    .hold();
  const reading = read(keys);
  await Promise.all(keys.map((key) => replies.arrival(key)));
  await reader.call('setNotifications', cache, 'hold');
  for (const key of keys) fleet.database.commit(key);
  await change({ cache, keys, by });
  await reader.call('notificationHeld', cache);
  await sleep(TOLD_MS);
  await reader.call('setNotifications', cache, 'deliver');
  replies.release();
  await reading;

  const found = await Promise.all(keys.map((key) => reader.call('lookup', cache, key)));
  const loaded = await Promise.all(keys.map((key) => reader.call('getOrSet', cache, key, { tags: [key] })));
  const filled = found.flatMap((lookup, at) =>
    lookup.hit && lookup.value === OLD ? [`${keys[at] ?? ''} is ${String(OLD)} in ${lookup.tier}`] : [],
  );
  const outdated = loaded.flatMap((value, at) => (value === NEW ? [] : [`${keys[at] ?? ''} loads ${String(value)}`]));
  return { operations: 5 * KEYS, wrong: [...filled, ...outdated] };
}

async function expectNotFilled(cache: string, change: Change): Promise<void> {
  const reader = fleet.worker(0);
  const reads = [
    (keys: readonly string[]) => reader.call('getMany', cache, keys),
    (keys: readonly string[]) => Promise.all(keys.map((key) => reader.call('getOrSet', cache, key, { tags: [key] }))),
  ];
  let operations = 0;
  const wrong: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const read of reads) {
      const result = await readAcross(cache, change, read);
      operations += result.operations;
      wrong.push(...result.wrong);
    }
  }
  await expectKept('V3 memory fill race', 1, plainVerdict(operations, wrong));
}

describe('V3: replies that are on their way do not get into memory when their keys', () => {
  it.each([...CHANGES, ...FOREIGN])('%s', (_, change) => expectNotFilled('tracking', change), TIMEOUT_MS);

  describe.each<[string, NonNullable<CacheSettings['engine']>, [string, Change][]]>([
    ['over the bus', { coherence: 'bus' }, CHANGES],
    ['heard of by reads alone', { coherence: 'tracking-reads' }, [...CHANGES, ...FOREIGN]],
  ])('%s', (cache, engine, changes) => {
    beforeAll(() => fleet.open(cache, { engine, redis: PATIENT }));

    it.each(changes)('%s', (_, change) => expectNotFilled(cache, change), TIMEOUT_MS);
  });
});
