import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LIVENESS_BOUND_MS } from '@nest-strata/engine';
import { staleAfterEvict } from '@nest-strata/testing';
import type { CacheAction, ChangeWay } from './support/cache-action.js';
import { CacheFleet } from './support/cache-fleet.js';
import type { CacheSettings } from './support/cache-settings.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';

/** Each is cut off in its own way, while the last process changes keys. */
const VICTIMS = 4;
const KEYS = 40;
const READS = 2_000;
const READS_AFTERWARDS = 300;
const CHANGES = 80;
/** The reads begin before the gap, which begins before the changes, which end before the gap does. */
const READ_FOR_MS = 2_000;
const BREAK_AFTER_MS = 100;
const CHANGE_FOR_MS = 1_300;
const GAP_MS = 1_400;
/** Within it who hears has heard. */
const HEARD_MS = 100;
const ROUNDS = SCALE;
const TIMEOUT_MS = 30_000 * SCALE;
const WAYS: readonly ChangeWay[] = ['delete', 'tag', 'pattern', 'delete'];

let fleet: CacheFleet;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: VICTIMS + 1 });
});

afterEach(() => fleet.heal());

afterAll(() => fleet.stop());

/** Cuts a process off for {@link GAP_MS}, or until it has connected again. */
type Cut = (victim: number) => void | Promise<void>;

const subscriberOf = (victim: number) => fleet.network(victim).where(({ isSubscriber }) => isSubscriber);
const dataOf = (victim: number) => fleet.network(victim).where(({ isSubscriber }) => !isSubscriber);

/** By the server, which tells the process. */
async function kill(clientName: string): Promise<void> {
  const clients = String(await fleet.tellRedis('CLIENT', 'LIST')).split('\n');
  const ids = clients.filter((line) => line.includes(` name=${clientName} `)).map((line) => /id=(\d+)/.exec(line)?.[1]);
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) await fleet.tellRedis('CLIENT', 'KILL', 'ID', id ?? '');
}

const CUTS: readonly (readonly [string, Cut])[] = [
  ['whose subscriber the server closed', (victim) => kill(`worker-${String(victim)}:watch`)],
  ['whose data connection the server closed', (victim) => kill(`worker-${String(victim)}`)],
  ['whose subscriber is in a black hole', (victim) => subscriberOf(victim).blackhole()],
  ['whose data connection is in a black hole', (victim) => dataOf(victim).blackhole()],
  ['that gets nothing over its subscriber', (victim) => subscriberOf(victim).drop('replies')],
  ['whose connections are reset', (victim) => fleet.network(victim).resetConnections()],
  ['that is told late', (victim) => void subscriberOf(victim).hold()],
  [
    'that is stopped while it is told',
    (victim) => {
      subscriberOf(victim).blackhole();
      fleet.worker(victim).pause();
    },
  ],
];

/** The victims whose data connection is cut alone: over the bus, messages come all the same. */
const UNHARMFUL_TO_THE_BUS = [1, 3];

const BATCHES = [CUTS.slice(0, VICTIMS), CUTS.slice(VICTIMS)].map(
  (cuts) => [cuts.map(([name]) => name).join(', or '), cuts.map(([, cut]) => cut)] as const,
);

const lossesOf = async (cache: string, victim: number): Promise<number> =>
  (await fleet.worker(victim).call('report', cache)).coherence?.losses ?? 0;

/** Resolves once a process hears of changes again, after a loss if there must have been one. */
async function untilHeardAgain(cache: string, victim: number, lossesBefore: number): Promise<void> {
  for (;;) {
    const { coherence } = await fleet.worker(victim).call('report', cache);
    const hasLost =
      (cache === 'bus' && UNHARMFUL_TO_THE_BUS.includes(victim)) || (coherence?.losses ?? 0) > lossesBefore;
    if (coherence?.isArmed === true && hasLost) return;
    await sleep(5);
  }
}

/** Resolves once each victim has seen a change that comes after all others. */
async function untilSeen(cache: string, key: string, victims: readonly number[]): Promise<void> {
  const version = fleet.database.commit(key);
  await fleet.worker(VICTIMS).call('delete', cache, key, version);
  const seen = victims.map(async (victim) => {
    while ((await fleet.worker(victim).call('getOrSet', cache, key)) < version) await sleep(2);
  });
  await Promise.all(seen);
}

/** Cuts each victim off while all of them read what the last process changes. */
async function playGap(cache: string, cuts: readonly Cut[]) {
  const keys = Array.from({ length: KEYS }, () => fleet.newKey('watched'));
  const victims = cuts.map((_, victim) => victim);
  const lastKey = fleet.newKey('last');
  const keyAt = (at: number): string => keys[at % KEYS] ?? '';
  const reads = Array.from({ length: READS }, (_, at): CacheAction => {
    const key = keyAt(at * 7);
    return at % 3 === 0 ? { do: 'look', key } : { do: 'read', key, options: { tags: [key] } };
  });
  const changes = Array.from({ length: CHANGES }, (_, at): CacheAction => {
    return { do: 'change', key: keyAt(at), by: WAYS[at % WAYS.length] ?? 'delete' };
  });
  await Promise.all(victims.map((victim) => fleet.worker(victim).call('untilReady', cache)));
  await Promise.all(victims.map((victim) => fleet.worker(victim).call('getOrSet', cache, lastKey)));
  await fleet.takeHistory();
  const losses = await Promise.all(victims.map((victim) => lossesOf(cache, victim)));

  const reading = victims.map((victim) =>
    fleet.worker(victim).call('play', cache, reads, { concurrency: 4, overMs: READ_FOR_MS }),
  );
  await sleep(BREAK_AFTER_MS);
  await Promise.all(cuts.map(async (cut, victim) => cut(victim)));
  const changing = fleet.worker(VICTIMS).call('play', cache, changes, { overMs: CHANGE_FOR_MS });
  await sleep(GAP_MS);
  for (const victim of victims) fleet.worker(victim).resume();
  for (const victim of victims) fleet.network(victim).heal();
  await changing;
  await Promise.all(victims.map((victim) => untilHeardAgain(cache, victim, losses[victim] ?? 0)));
  await untilSeen(cache, lastKey, victims);
  const heardAgainNs = process.hrtime.bigint();
  await Promise.all(
    victims.map((victim) => fleet.worker(victim).call('play', cache, reads.slice(0, READS_AFTERWARDS))),
  );
  await Promise.all(reading);
  return { history: await fleet.takeHistory(), heardAgainNs };
}

async function expectNothingOld(cache: string, cuts: readonly Cut[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const { history, heardAgainNs } = await playGap(cache, cuts);
    const bounds = { healthyBoundMs: LIVENESS_BOUND_MS, faultBoundMs: LIVENESS_BOUND_MS };
    await expectKept('V8 gap of the watch: within the liveness bound', cuts.length, staleAfterEvict(history, bounds));
    // All that was evicted came before the change that they have seen.
    const afterwards = history.filter(({ op, startNs }) => op === 'evict' || startNs > heardAgainNs);
    const never = { healthyBoundMs: 0, faultBoundMs: 0 };
    await expectKept('V8 gap of the watch: never after it', cuts.length, staleAfterEvict(afterwards, never));
  }
}

describe.each<[string, NonNullable<CacheSettings['engine']>]>([
  ['tracking', { coherence: 'tracking' }],
  ['bus', { coherence: 'bus' }],
  ['tracking-reads', { coherence: 'tracking-reads' }],
])('V8: by %s, a process', (cache, engine) => {
  beforeAll(() => fleet.open(cache, { engine }));

  afterAll(() => fleet.all('close', cache));

  it.each(BATCHES)(
    '%s, reads nothing old for longer than the bound, nor once it hears again',
    (_, cuts) => expectNothingOld(cache, cuts),
    TIMEOUT_MS,
  );

  it.each<[string, (key: string) => Promise<unknown>]>([
    [
      'its tag',
      (key) => fleet.worker(VICTIMS).call('deleteByTag', cache, [key], { [key]: fleet.database.version(key) }),
    ],
    ['all', (key) => fleet.worker(VICTIMS).call('clear', cache, { [key]: fleet.database.version(key) })],
  ])('that cannot ask Redis, but hears, reads nothing that it loaded before %s was evicted', async (_, evict) => {
    const victim = fleet.worker(0);
    await victim.call('untilReady', cache);
    const keys = Array.from({ length: KEYS }, () => fleet.newKey('unproven'));
    // Nobody is told that a tag was invalidated which no entry in Redis has.
    const besides = keys.map((key) => `${key} beside`);
    await Promise.all(
      besides.map((beside, at) => fleet.worker(VICTIMS).call('set', cache, beside, 0, { tags: [keys[at] ?? ''] })),
    );
    await victim.call('getMany', cache, besides);
    dataOf(0).blackhole();
    const readAll = () => Promise.all(keys.map((key) => victim.call('getOrSet', cache, key, { tags: [key] })));
    expect(new Set(await readAll())).toEqual(new Set([0]));
    for (const key of keys) fleet.database.commit(key);
    await fleet.takeHistory();
    await Promise.all(keys.map(evict));
    await sleep(HEARD_MS);
    await readAll();
    const never = { healthyBoundMs: 0, faultBoundMs: 0 };
    await expectKept('V8 gap of the watch: hears all the same', 1, staleAfterEvict(await fleet.takeHistory(), never));
  });
});
