import { Gate } from '../gate/gate.js';
import type { HistoryEvent } from './history-event.js';
import { HistoryRecorder } from './history-recorder.js';

/** A load that has read its version and waits to return it. */
export interface GatedLoad {
  /** The process that loads. */
  readonly process: string;
  readonly key: string;
  /** What it will return. */
  readonly version: number;
}

/** What a worker may ask a {@link VersionedDatabase} for. */
export interface DatabaseAnswers {
  /** Reads the version, then waits at the gate. */
  load(key: string): Promise<number>;
  /** Counts the version up. */
  commit(key: string): Promise<number>;
}

/**
 * The truth behind a cache under test: a version for each key, which only grows. It lives in the process of the test;
 * workers ask it over their line, so the test decides when a load returns.
 *
 * @example
 * const database = new VersionedDatabase();
 * const fleet = await Fleet.start(module, { size: 2, answersFor: (index) => database.answersFor(`worker-${index}`) });
 * database.loads.close();
 * const read = fleet.worker(0).call('getOrSet', 'hero'); // its loader calls ask('load', 'hero')
 * await database.loads.arrival();
 * database.commit('hero'); // the load has read the version before
 * database.loads.release();
 */
export class VersionedDatabase {
  readonly #versions = new Map<string, number>();
  readonly #recorders = new Map<string, HistoryRecorder>();

  /** Where loads wait, after they have read their version. Open at first: loads return at once. */
  readonly loads = new Gate<GatedLoad>();

  constructor() {
    this.loads.open();
  }

  /** The version of a key; 0 before its first commit. */
  version(key: string): number {
    return this.#versions.get(key) ?? 0;
  }

  /** Counts the version of a key up and returns it. */
  commit(key: string): number {
    const version = this.version(key) + 1;
    this.#versions.set(key, version);
    return version;
  }

  /** What the worker of this name may ask for, as its `answers`. Its loads and commits go into the history. */
  answersFor(process: string): DatabaseAnswers {
    const recorder = this.#recorders.get(process) ?? new HistoryRecorder(process);
    this.#recorders.set(process, recorder);
    return {
      load: (key) => {
        const version = this.version(key);
        const load = { process, key, version };
        return recorder.record({ op: 'load', key, version }, () => this.loads.pass(load).then(() => version));
      },
      commit: (key) =>
        recorder.record(
          { op: 'commit', key },
          () => this.commit(key),
          (version) => ({ version }),
        ),
    };
  }

  /** The loads and commits of all workers since the last time it was taken. */
  takeHistory(): HistoryEvent[] {
    return [...this.#recorders.values()].flatMap((recorder) => recorder.take());
  }
}
