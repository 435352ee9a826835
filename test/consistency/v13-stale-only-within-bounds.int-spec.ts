import { setTimeout as sleep } from 'node:timers/promises';
import { LIVENESS_BOUND_MS } from '@nest-strata/engine';
import { readYourWrites, staleAfterEvict } from '@nest-strata/testing';
import type { GatedLoad } from '@nest-strata/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CacheFleet } from './support/cache-fleet.js';
import { NO_MEMORY } from './support/cache-settings.js';
import type { CacheSettings } from './support/cache-settings.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';

const PROCESSES = 4;
const KEYS = 10 * SCALE;
const TTL_MS = 500;
const EXTRA_MS = 1_200;
const RETRY_AFTER_MS = 250;
/** Clocks of Redis and of the processes are compared over the network, and the machine has other things to do. */
const SLACK_MS = 60;
/** Redis counts the life of a record in whole milliseconds. */
const ROUNDING_MS = 3;
/** A Redis that is late counts as away: a busy machine must not look so. */
const PATIENT = { deadline: '2s' } as const;
const TIMEOUT_MS = 60_000;

interface Attempt extends GatedLoad {
  readonly atMs: number;
}

interface Read {
  readonly key: string;
  readonly worker: number;
  readonly startMs: number;
  readonly endMs: number;
  /** `undefined`: it failed. */
  readonly version: number | undefined;
}

let fleet: CacheFleet;
/** What becomes of loads. */
let database: 'up' | 'down' | 'slow' = 'up';
let goOn: () => void = () => undefined;
let attempts: Attempt[] = [];

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: PROCESSES });
  fleet.database.loads.close();
  void answerLoads();
});

afterEach(() => setDatabase('up'));

afterAll(() => fleet.stop());

async function answerLoads(): Promise<never> {
  const { loads } = fleet.database;
  for (;;) {
    const load = await loads.arrival();
    attempts.push({ ...load, atMs: performance.now() });
    if (database === 'slow') await new Promise<void>((resolve) => (goOn = resolve));
    if (database === 'down') loads.fail(new Error('the database is down'));
    else loads.release();
  }
}

function setDatabase(state: typeof database): void {
  database = state;
  goOn();
}

/** Has all workers read the keys over and over, until a moment. */
async function readUntil(cache: string, keys: readonly string[], untilMs: number): Promise<Read[]> {
  const reads: Read[] = [];
  const readOnce = async (worker: number, key: string): Promise<void> => {
    const startMs = performance.now();
    const version = await fleet
      .worker(worker)
      .call('getOrSet', cache, key, { tags: [key] })
      .catch(() => undefined);
    reads.push({ key, worker, startMs, endMs: performance.now(), version });
  };
  const reading = fleet.workers.flatMap((_, worker) =>
    keys.map(async (key) => {
      while (performance.now() < untilMs) await readOnce(worker, key).then(() => sleep(10));
    }),
  );
  await Promise.all(reading);
  return reads;
}

async function openFilled(cache: string, settings: CacheSettings) {
  await fleet.open(cache, { redis: PATIENT, ...settings });
  const keys = Array.from({ length: KEYS }, () => fleet.newKey(cache));
  for (const key of keys) fleet.database.commit(key);
  await fleet.takeHistory();
  const fromMs = performance.now();
  for (let times = 0; times < 2; times++) {
    await Promise.all(keys.map((key) => fleet.all('getOrSet', cache, key, { tags: [key] })));
  }
  const untilMs = performance.now();
  attempts = [];
  /** All entries were made between the two moments. */
  return { keys, made: { fromMs, untilMs } };
}

function verdictOf(operations: number, wrong: readonly string[]) {
  const violations = wrong.slice(0, 20).map((message) => ({ message, events: [] }));
  return { operations, violationCount: wrong.length, violations, bounds: [] };
}

/** The loads of a key that came too soon after one that had failed. */
function tooSoon(tried: readonly Attempt[], windowMs: number): string[] {
  return tried.flatMap(({ key, process, atMs }, at) => {
    const before = tried.slice(0, at).findLast((attempt) => attempt.key === key);
    if (before === undefined || atMs - before.atMs >= windowMs - ROUNDING_MS) return [];
    return [`${process} loaded "${key}" ${(atMs - before.atMs).toFixed(0)} ms after ${before.process} had failed`];
  });
}

describe('V13: while the database is down, a copy whose time is over', () => {
  it.each<[string, CacheSettings]>([
    ['grace', { engine: { graceMs: EXTRA_MS } }],
    ['grace, without memory', { engine: { graceMs: EXTRA_MS, memory: NO_MEMORY } }],
    ['staleWhileRevalidate', { engine: { staleWhileRevalidateMs: EXTRA_MS } }],
  ])(
    'is served within %s, neither before nor after, and loads are tried once in a while by one process of all',
    async (name, { engine }) => {
      const cache = `bounds-${name.replaceAll(/\W+/g, '-')}`;
      const settings = { engine: { ttlMs: TTL_MS, retryAfterMs: RETRY_AFTER_MS, ...engine } };
      const { keys, made } = await openFilled(cache, settings);
      for (const key of keys) fleet.database.commit(key);
      setDatabase('down');
      const staleMs = { fromMs: made.fromMs + TTL_MS, untilMs: made.untilMs + TTL_MS };
      const goneMs = { fromMs: staleMs.fromMs + EXTRA_MS, untilMs: staleMs.untilMs + EXTRA_MS };
      const reads = await readUntil(cache, keys, goneMs.untilMs + 400);

      const isServed = ({ startMs, endMs }: Read): boolean | undefined => {
        if (startMs >= goneMs.untilMs + SLACK_MS) return false;
        return endMs < goneMs.fromMs - SLACK_MS ? true : undefined;
      };
      const wrong = reads.flatMap((read) => {
        const expected = isServed(read);
        if (expected === undefined || (read.version === 1) === expected) return [];
        const whenMs = (read.startMs - made.untilMs).toFixed(0);
        return [`worker-${read.worker} was given ${String(read.version)} for "${read.key}" after ${whenMs} ms`];
      });
      const whileFresh = attempts.filter(({ atMs }) => atMs < staleMs.fromMs - SLACK_MS);
      wrong.push(...whileFresh.map(({ process, key }) => `${process} loaded "${key}" while it was fresh`));
      const whileStale = attempts.filter(({ atMs }) => atMs < goneMs.fromMs - SLACK_MS);
      wrong.push(...tooSoon(whileStale, RETRY_AFTER_MS));
      await expectKept('V13 stale only within bounds', whileStale.length, verdictOf(reads.length, wrong));
      expect(whileStale.length).toBeGreaterThan(KEYS);
      expect(reads.filter((read) => isServed(read) === false).length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );

  it(
    'is replaced by an error that all processes share, where there is none',
    async () => {
      await fleet.open('errors', { redis: PATIENT, engine: { errorTtlMs: RETRY_AFTER_MS } });
      const keys = Array.from({ length: KEYS }, () => fleet.newKey('failing'));
      setDatabase('down');
      attempts = [];
      const reads = await readUntil('errors', keys, performance.now() + 1_500);
      const wrong = tooSoon(attempts, RETRY_AFTER_MS);
      wrong.push(...reads.filter(({ version }) => version !== undefined).map(({ key }) => `"${key}" has a value`));
      await expectKept('V13 loads of what fails, in any window', attempts.length, verdictOf(reads.length, wrong));
      expect(attempts.length).toBeGreaterThan(KEYS * 2);
    },
    TIMEOUT_MS,
  );

  it.each(['delete', 'tag', 'pattern', 'clear'] as const)(
    'is never served once it is evicted: %s',
    async (way) => {
      const cache = `evicted-${way}`;
      const { keys, made } = await openFilled(cache, { engine: { ttlMs: TTL_MS, graceMs: 60_000 } });
      setDatabase('down');
      await sleep(made.untilMs + TTL_MS + SLACK_MS - performance.now());
      const before = await readUntil(cache, keys, performance.now() + 100);
      expect(new Set(before.map(({ version }) => version))).toEqual(new Set([1]));
      await fleet.takeStalls();
      const reading = readUntil(cache, keys, performance.now() + LIVENESS_BOUND_MS + 300);
      const evicting = keys.map((key, at) =>
        fleet.worker(at % PROCESSES).call('play', cache, [{ do: 'change', key, by: way }]),
      );
      await Promise.all(evicting);
      const reads = await reading;
      const [history, faultWindows] = [await fleet.takeHistory(), await fleet.takeStalls()];
      const bounds = { healthyBoundMs: 50, healthyShare: 0.99, faultBoundMs: LIVENESS_BOUND_MS, faultWindows };
      await expectKept('V13 nothing stale after an evict', 1, staleAfterEvict(history, bounds));
      await expectKept('V13 nothing stale after an own evict', 1, readYourWrites(history));
      expect(reads.filter(({ version }) => version === undefined).length).toBeGreaterThan(KEYS * PROCESSES);
    },
    TIMEOUT_MS,
  );

  it('is still served when it was made stale on purpose', async () => {
    const { keys } = await openFilled('expired', { engine: { graceMs: 60_000 } });
    setDatabase('down');
    for (const key of keys) fleet.database.commit(key);
    for (const [at, key] of keys.entries()) await fleet.worker(at % PROCESSES).call('expire', 'expired', key);
    const reads = await readUntil('expired', keys, performance.now() + 300);
    expect(new Set(reads.map(({ version }) => version))).toEqual(new Set([1]));
    expect(attempts.length).toBeGreaterThanOrEqual(KEYS);
  });
});

describe('V13: while one load of all takes its time, a copy whose time is over', () => {
  it(
    'is served at once within staleWhileRevalidate, and no longer',
    async () => {
      const settings = { engine: { ttlMs: TTL_MS, staleWhileRevalidateMs: EXTRA_MS } };
      const { keys, made } = await openFilled('slow', settings);
      for (const key of keys) fleet.database.commit(key);
      setDatabase('slow');
      await sleep(made.untilMs + TTL_MS + SLACK_MS - performance.now());
      const goneFromMs = made.fromMs + TTL_MS + EXTRA_MS;
      const goneMs = made.untilMs + TTL_MS + EXTRA_MS;
      const stale = await readUntil('slow', keys, goneFromMs - 200);
      const wrong = stale
        .filter(({ version, endMs }) => version !== 1 && endMs < goneFromMs - SLACK_MS)
        .map(({ key, worker, version }) => `worker-${worker} was given ${String(version)} for "${key}"`);
      const loading = fleet.database.loads.waiting;
      expect(new Set(loading.map(({ key }) => key)).size).toBe(KEYS);
      if (loading.length > KEYS) wrong.push(`${loading.length} loads of ${KEYS} keys run at once`);

      await sleep(goneMs + SLACK_MS - performance.now());
      const late = readUntil('slow', keys, performance.now() + 100);
      await sleep(200);
      setDatabase('up');
      for (const { key, worker, version } of await late) {
        if (version !== 2) wrong.push(`worker-${worker} was given ${String(version)} for "${key}" after its time`);
      }
      expect(fleet.database.loads.waiting).toEqual([]);
      await expectKept('V13 stale while one load runs', 0, verdictOf(stale.length + KEYS * PROCESSES, wrong));
    },
    TIMEOUT_MS,
  );
});
