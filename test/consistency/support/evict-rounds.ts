import { setTimeout as sleep } from 'node:timers/promises';
import { staleAfterEvict } from '@nest-strata/testing';
import type { HistoryEvent, Verdict } from '@nest-strata/testing';
import type { CacheAction, ChangeWay } from './cache-action.js';
import type { CacheFleet } from './cache-fleet.js';
import type { CacheReport } from './worker-caches.js';

/** The ways in which a change becomes known, each tried in a cache of its own. */
const EVICT_WAYS = ['delete', 'tag', 'pattern', 'clear', 'set'] as const satisfies readonly ChangeWay[];

const RECOVERED_WITHIN_MS = 5_000;
const GIVE_UP_MS = 20_000;

/** Keys that every worker has cached, and that are then changed while something is broken. */
export class EvictRounds {
  #isReading = false;
  #reading: Promise<void> = Promise.resolve();
  /** Histories tell keys apart, not caches: each has its own. */
  #keys: ReadonlyMap<ChangeWay, readonly string[]> = new Map();

  /**
   * @param prefix of the names of the caches: `<prefix>-<way>`
   * @param keyCount in each of them
   */
  constructor(
    private readonly fleet: CacheFleet,
    private readonly prefix: string,
    private readonly keyCount: number,
  ) {}

  get caches(): readonly string[] {
    return EVICT_WAYS.map((way) => this.cacheOf(way));
  }

  cacheOf(way: ChangeWay): string {
    return `${this.prefix}-${way}`;
  }

  /** Gives new keys a first version, which all workers have in memory, and which is all that the history tells of. */
  async fill(): Promise<void> {
    const newKey = (): string => {
      const key = this.fleet.newKey(this.prefix);
      this.fleet.database.commit(key);
      return key;
    };
    this.#keys = new Map(EVICT_WAYS.map((way) => [way, Array.from({ length: this.keyCount }, newKey)]));
    for (let times = 0; times < 3; times++) await this.read();
    await this.fleet.takeHistory();
  }

  /** Every running worker asks every cache for every key: what is there, and then for a value. */
  async read(): Promise<void> {
    const playing = this.#running().flatMap((worker) =>
      EVICT_WAYS.map((way) => {
        const actions = this.#keysOf(way).flatMap((key): CacheAction[] => [
          { do: 'look', key },
          { do: 'read', key, options: { tags: [key], isVersioned: way === 'set' } },
        ]);
        return worker.call('play', this.cacheOf(way), actions, { concurrency: 16 });
      }),
    );
    await Promise.all(playing);
  }

  /** Reads over and over, until {@link stopReading}. */
  startReading(): void {
    this.#isReading = true;
    const reading = async (): Promise<void> => {
      while (this.#isReading) await this.read().then(() => sleep(30));
    };
    this.#reading = reading();
  }

  async stopReading(): Promise<void> {
    this.#isReading = false;
    await this.#reading;
  }

  /** Commits a new version of every key and evicts the old one, each by one of the workers. */
  async change(workers: readonly number[]): Promise<void> {
    const playing = workers.flatMap((worker, share) =>
      EVICT_WAYS.map((by) => {
        const own = this.#keysOf(by).filter((_, at) => at % workers.length === share);
        const actions = own.map((key): CacheAction => ({ do: 'change', key, by }));
        return this.fleet.worker(worker).call('play', this.cacheOf(by), actions, { concurrency: 16 });
      }),
    );
    await Promise.all(playing);
  }

  /** Resolves once all caches of all running workers are as described. */
  async until(isSo: (report: CacheReport) => boolean): Promise<void> {
    const giveUpAtMs = performance.now() + GIVE_UP_MS;
    for (const cache of this.caches) {
      const reports = () => Promise.all(this.#running().map((worker) => worker.call('report', cache)));
      while (!(await reports()).every(isSo)) {
        if (performance.now() > giveUpAtMs) throw new Error(`${cache} has not recovered in ${String(GIVE_UP_MS)} ms.`);
        await sleep(5);
      }
    }
  }

  #keysOf(way: ChangeWay): readonly string[] {
    return this.#keys.get(way) ?? [];
  }

  #running() {
    return this.fleet.workers.filter(({ isRunning }) => isRunning);
  }
}

/** What is left to be checked of evicts that were settled at a moment later than their end: nobody misses them then. */
export function staleAfterSettling(
  history: readonly HistoryEvent[],
  { mendedNs, settledNs }: { readonly mendedNs: bigint; readonly settledNs: bigint },
): Verdict {
  const settled = history.map((event): HistoryEvent =>
    event.op === 'evict' || event.op === 'write' ? { ...event, outcome: 'confirmed', endNs: settledNs } : event,
  );
  const bounds = { healthyBoundMs: 1_000, faultBoundMs: 1_000, changes: ['evict', 'write'] as const };
  const verdict = staleAfterEvict(settled, bounds);
  const recoveryMs = Number(settledNs - mendedNs) / 1e6;
  const isLate = recoveryMs >= RECOVERED_WITHIN_MS;
  const recovery = {
    when: 'settled after the fault',
    boundMs: RECOVERED_WITHIN_MS,
    sampleCount: 1,
    lateCount: Number(isLate),
    worstMs: recoveryMs,
  };
  const message = `Evicts were settled ${recoveryMs.toFixed(0)} ms after the fault`;
  return {
    ...verdict,
    violationCount: verdict.violationCount + Number(isLate),
    violations: [...verdict.violations, ...(isLate ? [{ message, events: [] }] : [])],
    bounds: [...verdict.bounds.filter(({ when }) => when === 'always'), recovery],
  };
}
