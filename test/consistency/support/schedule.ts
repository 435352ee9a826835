import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultWindow, HistoryEvent } from '@nest-strata/testing';
import fc from 'fast-check';
import type { CacheFleet } from './cache-fleet.js';
import { injectFault } from './fault.js';
import type { Fault } from './fault.js';
import type { RandomLoad } from './random-load.js';

/** A random history to be: what the workers do follows from the seed, what breaks meanwhile is listed. */
export interface Schedule {
  readonly seed: number;
  /** One after the other, each so long after the one before was mended. */
  readonly faults: readonly { readonly afterMs: number; readonly fault: Fault }[];
}

/** What the schedules of a property have in common. */
export interface ScheduleSettings extends Pick<RandomLoad, 'keyCount' | 'changeShare' | 'ways'> {
  readonly cache: string;
  readonly actionsPerWorker: number;
  /** How many actions a worker begins in a second. */
  readonly actionsPerSecond: number;
  /** How many actions of a worker may be under way at once. */
  readonly concurrency: number;
}

/** What came of a schedule. */
export interface PlayedSchedule {
  readonly history: readonly HistoryEvent[];
  /** Those of the faults, and those in which a process had no CPU. */
  readonly faultWindows: readonly FaultWindow[];
}

/** Plays a schedule on keys of its own. */
export async function playSchedule(
  fleet: CacheFleet,
  { seed, faults }: Schedule,
  { cache, actionsPerWorker, actionsPerSecond, concurrency, ...load }: ScheduleSettings,
): Promise<PlayedSchedule> {
  await Promise.all([fleet.takeHistory(), fleet.takeStalls()]);
  const keyPrefix = `${fleet.newKey('round')}-`;
  const overMs = (actionsPerWorker / actionsPerSecond) * 1_000;
  const playing = fleet.workers.map((worker, index) => {
    const ownLoad: RandomLoad = { ...load, keyPrefix, actionCount: actionsPerWorker, seed: seed + index };
    return worker.call('playRandom', cache, ownLoad, { concurrency, overMs });
  });
  const faultWindows: FaultWindow[] = [];
  for (const { afterMs, fault } of faults) {
    await sleep(afterMs);
    faultWindows.push(await injectFault(fleet, cache, fault));
  }
  await Promise.all(playing);
  return { history: await fleet.takeHistory(), faultWindows: [...faultWindows, ...(await fleet.takeStalls())] };
}

/** Any schedule with up to so many faults, of the kinds given, for a fleet of so many workers. */
export function arbitrarySchedule(
  workers: number,
  maxFaults: number,
  kinds: readonly Fault['kind'][] = ALL_KINDS,
): fc.Arbitrary<Schedule> {
  const faults = fc.record({
    afterMs: fc.integer({ min: 0, max: 300 }),
    fault: fc.oneof(...kinds.map((kind) => arbitraryFault(kind, workers))),
  });
  return fc.record({ seed: fc.nat(1_000_000), faults: fc.array(faults, { maxLength: maxFaults }) });
}

const ALL_KINDS: readonly Fault['kind'][] = [
  'blackhole',
  'hold',
  'drop-replies',
  'drop-requests',
  'delay',
  'reset',
  'pause-worker',
  'block-event-loop',
  'wall-clock',
  'pause-redis',
  'kill-clients',
  'flush-scripts',
  'flush-all',
];

function arbitraryFault(kind: Fault['kind'], workers: number): fc.Arbitrary<Fault> {
  const worker = fc.nat(workers - 1);
  const on = fc.constantFrom('all', 'data', 'subscriber');
  const forMs = fc.integer({ min: 1, max: 1_500 });
  switch (kind) {
    case 'blackhole':
    case 'hold':
    case 'drop-replies':
    case 'drop-requests':
      return fc.record({ kind: fc.constant(kind), worker, on, forMs });
    case 'delay':
      return fc.record({ kind: fc.constant(kind), worker, on, forMs, delayMs: fc.integer({ min: 1, max: 600 }) });
    case 'reset':
      return fc.record({ kind: fc.constant(kind), worker, on });
    case 'pause-worker':
    case 'block-event-loop':
      return fc.record({ kind: fc.constant(kind), worker, forMs });
    case 'wall-clock':
      return fc.record({ kind: fc.constant(kind), worker, offsetMs: fc.constantFrom(-600_000, 0, 600_000) });
    case 'pause-redis':
      return fc.record({ kind: fc.constant(kind), forMs });
    case 'kill-clients':
      return fc.record({ kind: fc.constant(kind), type: fc.constantFrom('normal', 'pubsub') });
    case 'flush-scripts':
    case 'flush-all':
      return fc.record({ kind: fc.constant(kind) });
  }
}
