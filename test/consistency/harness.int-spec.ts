import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  countOrders,
  enumerateOrders,
  eventually,
  readYourWrites,
  singleFlight,
  staleAfterEvict,
} from '@nest-strata/testing';
import fc from 'fast-check';
import { CacheFleet } from './support/cache-fleet.js';
import { NO_MEMORY } from './support/cache-settings.js';
import { checkRandomly } from './support/check-randomly.js';
import type { Fault } from './support/fault.js';
import { injectFault } from './support/fault.js';
import { randomActions } from './support/random-load.js';
import { expectKept } from './support/report.js';
import { arbitrarySchedule, playSchedule } from './support/schedule.js';
import type { ScheduleSettings } from './support/schedule.js';

const LOAD: Omit<ScheduleSettings, 'cache'> = {
  actionsPerWorker: 1_500,
  actionsPerSecond: 1_000,
  concurrency: 8,
  keyCount: 10,
  changeShare: 0.05,
  ways: ['delete', 'tag'],
};

let fleet: CacheFleet;

beforeAll(async () => {
  fleet = await CacheFleet.start({ processes: 3 });
  await fleet.open('coherent', { redis: { deadline: '2s' } });
});

afterEach(() => fleet.heal());

afterAll(() => fleet.stop());

describe('the harness', () => {
  it('runs caches in processes that see what the others do', async () => {
    const key = fleet.newKey();
    const [first, second] = [fleet.worker(0), fleet.worker(1)];
    fleet.database.commit(key);
    expect(await first.call('getOrSet', 'coherent', key)).toBe(1);
    expect(await second.call('get', 'coherent', key)).toBe(1);
    fleet.database.commit(key);
    expect(await second.call('delete', 'coherent', key, 2)).toMatchObject({ confirmed: true });
    expect(await fleet.all('getOrSet', 'coherent', key)).toEqual([2, 2, 2]);
    const history = await fleet.takeHistory();
    expect(history.filter((event) => event.key === key).map(({ op }) => op)).toEqual(
      expect.arrayContaining(['read', 'load', 'evict']),
    );
    expect(singleFlight(history)).toMatchObject({ operations: 2, violationCount: 0 });
  });

  it('lets the test decide when a load returns', async () => {
    const key = fleet.newKey();
    fleet.database.loads.close();
    const read = fleet.worker(0).call('getOrSet', 'coherent', key);
    expect(await fleet.database.loads.arrival()).toEqual({ process: 'worker-0', key, version: 0 });
    fleet.database.commit(key);
    await fleet.worker(1).call('delete', 'coherent', key, 1);
    fleet.database.loads.open();
    expect(await read).toBe(0);
    expect(await fleet.all('getOrSet', 'coherent', key)).toEqual([1, 1, 1]);
  });

  it('lets the test decide over every step of two processes towards Redis', async () => {
    await fleet.open('stepped', { steppedCalls: ['MGET'], engine: { memory: NO_MEMORY } });
    const steps = [0, 1].map((worker) =>
      ['call', 'reply'].map((when) => ({ process: `worker-${String(worker)}`, when })),
    );
    let orders = 0;
    for (const order of enumerateOrders(steps)) {
      const key = fleet.newKey();
      const reads = [0, 1].map((worker) => fleet.worker(worker).call('get', 'stepped', key));
      for (const { process, when } of order) {
        const isNext = (step: { process: string; when: string }): boolean =>
          step.process === process && step.when === when;
        await fleet.steps.arrival(isNext);
        fleet.steps.release(isNext);
      }
      expect(await Promise.all(reads)).toEqual([undefined, undefined]);
      orders++;
    }
    expect(orders).toBe(countOrders(steps));
  });

  it('finds the stale reads of caches that do not hear of changes', async () => {
    await fleet.open('deaf', { engine: { coherence: 'none' } });
    const { history, faultWindows } = await playSchedule(fleet, { seed: 1, faults: [] }, { ...LOAD, cache: 'deaf' });
    const verdict = staleAfterEvict(history, { healthyBoundMs: 50, faultBoundMs: 1_500, faultWindows });
    expect(verdict.operations).toBeGreaterThan(3_000);
    expect(verdict.violationCount).toBeGreaterThan(0);
    expect(readYourWrites(history).violationCount).toBe(0);
  });

  it('finds the stale reads of a cache whose notifications are lost without a word', async () => {
    const key = fleet.newKey();
    const deaf = fleet.worker(2);
    await fleet.worker(0).call('getOrSet', 'coherent', key);
    const isInMemory = async (): Promise<boolean> => {
      const found = await deaf.call('lookup', 'coherent', key);
      return found.hit && found.tier === 'memory';
    };
    await eventually(isInMemory);
    await deaf.call('setNotifications', 'coherent', 'drop');
    fleet.database.commit(key);
    await fleet.worker(0).call('delete', 'coherent', key, 1);
    expect(await deaf.call('get', 'coherent', key)).toBe(0);
    await deaf.call('setNotifications', 'coherent', 'deliver');
    const history = await fleet.takeHistory();
    expect(staleAfterEvict(history, { healthyBoundMs: 0, faultBoundMs: 1_000 }).violationCount).toBe(1);
  });

  it('disturbs what processes ask of Redis', async () => {
    const key = fleet.newKey();
    await fleet.worker(1).call('disturb', 'coherent', { refuse: 1 });
    expect(await fleet.worker(1).call('delete', 'coherent', key, 0)).toMatchObject({ confirmed: false });
    expect(await fleet.worker(1).call('report', 'coherent')).toMatchObject({ pendingEvicts: { count: 1 } });
    await fleet.worker(1).call('disturb', 'coherent', {});
  });

  it('puts a new process in the place of one that was killed', async () => {
    const { pid } = await fleet.restart(2);
    await fleet.worker(2).call('untilReady', 'coherent');
    expect(pid).toBe(fleet.worker(2).pid);
    expect(await fleet.worker(2).call('getOrSet', 'coherent', fleet.newKey())).toBe(0);
  });
});

describe('faults', () => {
  it('of every kind are injected, mended and told of', async () => {
    const [worker, on, forMs] = [0, 'all', 50] as const;
    const ofWorker: readonly Fault[] = [
      { kind: 'blackhole', worker, on: 'subscriber', forMs },
      { kind: 'hold', worker, on: 'data', forMs },
      { kind: 'drop-replies', worker, on, forMs },
      { kind: 'drop-requests', worker, on, forMs },
      { kind: 'delay', worker, on, delayMs: 100, forMs },
      { kind: 'reset', worker, on },
      { kind: 'pause-worker', worker, forMs },
      { kind: 'block-event-loop', worker, forMs },
      { kind: 'wall-clock', worker, offsetMs: 0 },
    ];
    const ofAll: readonly Fault[] = [
      { kind: 'pause-redis', forMs },
      { kind: 'kill-clients', type: 'normal' },
      { kind: 'kill-clients', type: 'pubsub' },
      { kind: 'flush-scripts' },
      { kind: 'flush-all' },
    ];
    const windows = await Promise.all([...ofWorker, ...ofAll].map((fault) => injectFault(fleet, 'coherent', fault)));
    expect(windows.map(({ processes }) => processes)).toEqual([
      ...ofWorker.map(() => ['worker-0']),
      ...ofAll.map(() => undefined),
    ]);
    for (const { startNs, endNs } of windows) expect(endNs - startNs).toBeGreaterThan(1_000_000_000n);
    expect(await fleet.worker(0).call('getOrSet', 'coherent', fleet.newKey())).toBe(0);
  });
});

describe('a random history', () => {
  it('is played as its schedule says', async () => {
    const fault: Fault = { kind: 'blackhole', worker: 1, on: 'subscriber', forMs: 100 };
    const schedule = { seed: 5, faults: [{ afterMs: 100, fault }] };
    const { history, faultWindows } = await playSchedule(fleet, schedule, { ...LOAD, cache: 'coherent' });
    expect(history.filter(({ op }) => op === 'read' || op === 'evict')).toHaveLength(3 * LOAD.actionsPerWorker);
    expect(history.filter(({ op }) => op === 'commit').length).toBe(history.filter(({ op }) => op === 'evict').length);
    expect(faultWindows.filter(({ endNs, startNs }) => endNs - startNs > 1_000_000_000n)).toHaveLength(1);
  });

  it('follows from its seed', () => {
    const load = { ...LOAD, keyPrefix: 'k', actionCount: 1_000 };
    const actions = [...randomActions({ ...load, seed: 1 })];
    expect([...randomActions({ ...load, seed: 1 })]).toEqual(actions);
    expect([...randomActions({ ...load, seed: 2 })]).not.toEqual(actions);
    const changes = actions.filter((action) => action.do === 'change');
    expect(changes.length / actions.length).toBeCloseTo(LOAD.changeShare, 1);
    expect(new Set(changes.map(({ by }) => by))).toEqual(new Set(LOAD.ways));
  });

  it('has only faults of the kinds and workers that were asked for', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(arbitrarySchedule(3, 4, ['blackhole', 'pause-redis']), ({ faults }) => {
        for (const { fault } of faults) seen.add(fault.kind);
        expect(faults.length).toBeLessThanOrEqual(4);
        expect(faults.every(({ fault }) => !('worker' in fault) || fault.worker < 3)).toBe(true);
      }),
    );
    expect(seen).toEqual(new Set(['blackhole', 'pause-redis']));
  });
});

describe('a random check', () => {
  const numbers = fc.nat(1_000);
  const refuseBig = async (number: number): Promise<void> => {
    if (number > 10) throw new Error(`${number} is too big`);
  };

  afterEach(() => {
    delete process.env['STRATA_SEED'];
    delete process.env['STRATA_SEED_PATH'];
  });

  it('passes what holds for every run', async () => {
    let runs = 0;
    await checkRandomly(numbers, async () => void (runs += 1), { runs: 20 });
    expect(runs).toBe(20);
  });

  it('says how to repeat the smallest failure, and why it fails', async () => {
    const failure = await checkRandomly(numbers, refuseBig, { runs: 20 }).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ message: expect.stringMatching(/\n11$/), cause: { message: '11 is too big' } });
    const [, seed = '', path = ''] = /STRATA_SEED=(\S+) STRATA_SEED_PATH=(\S+)/.exec(String(failure)) ?? [];
    process.env['STRATA_SEED'] = seed;
    process.env['STRATA_SEED_PATH'] = path;
    const repeated: number[] = [];
    const record = async (number: number): Promise<void> => {
      repeated.push(number);
      await refuseBig(number);
    };
    await expect(checkRandomly(numbers, record, { runs: 20 })).rejects.toThrow('STRATA_SEED');
    expect(repeated[0]).toBe(11);
  });

  it('stops in time', async () => {
    let runs = 0;
    const slow = async (): Promise<void> => {
      runs++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await checkRandomly(numbers, slow, { runs: 1_000, withinMs: 100 });
    expect(runs).toBeLessThan(20);
  });
});

describe('the report', () => {
  const file = join(tmpdir(), `strata-report-${process.pid}.jsonl`);
  const verdict = staleAfterEvict([], { healthyBoundMs: 50, faultBoundMs: 1_000 });
  let before: string | undefined;

  beforeAll(() => {
    before = process.env['STRATA_CONSISTENCY_REPORT'];
    process.env['STRATA_CONSISTENCY_REPORT'] = file;
  });

  afterAll(async () => {
    if (before === undefined) delete process.env['STRATA_CONSISTENCY_REPORT'];
    else process.env['STRATA_CONSISTENCY_REPORT'] = before;
    await rm(file, { force: true });
  });

  it('has a line for each verdict, and a violation fails the test', async () => {
    const broken = { ...verdict, violationCount: 1, violations: [{ message: 'too late', events: [] }] };
    await expectKept('V0 nothing', 2, verdict);
    await expect(expectKept('V0 nothing', 3, broken)).rejects.toThrow('too late');
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { invariant: 'V0 nothing', faults: 2, ...verdict },
      { invariant: 'V0 nothing', faults: 3, ...broken },
    ]);
  });
});
