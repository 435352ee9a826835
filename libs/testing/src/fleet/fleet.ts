import type { CallArgs, CallName, CallResult } from './call-line.js';
import { WorkerExitError } from './worker-exit.error.js';
import { WorkerProcess } from './worker-process.js';
import type { WorkerOptions } from './worker-process.js';

/** How many workers a {@link Fleet} has and what each one gets. */
export interface FleetOptions extends Omit<WorkerOptions, 'name' | 'data' | 'answers' | 'wallClockOffsetMs'> {
  /** How many processes. */
  readonly size: number;
  /** What the module gets as `context.data` in the worker with this index; goes through `structuredClone`. */
  readonly dataOf?: (index: number) => unknown;
  /** The functions that the worker with this index can `ask` for; they run in this process. */
  readonly answersFor?: (index: number) => object;
  /** How far the wall clock of that worker is ahead of the machine's from the start, in ms; 0 by default. */
  readonly wallClockOffsetMsOf?: (index: number) => number;
}

/**
 * Several Node processes that run the same module: instances of an application, for tests of what they have in common.
 *
 * Starting costs as much as loading the module does, so start a fleet once for a file of tests.
 *
 * @example
 * await using fleet = await Fleet.start<CallsOf<typeof worker>>(new URL('./worker.js', import.meta.url), { size: 3 });
 * const values = await fleet.all('get', 'hero');
 */
export class Fleet<Calls extends object> implements AsyncDisposable {
  readonly #module: URL | string;
  readonly #options: FleetOptions;
  readonly #workers: WorkerProcess<Calls>[] = [];
  readonly #everyWorker = new Set<WorkerProcess<Calls>>();

  /**
   * Starts all workers at once; resolves when all are ready.
   *
   * @throws RemoteError what the module threw
   * @throws WorkerExitError when a worker ended instead
   */
  static async start<Calls extends object>(module: URL | string, options: FleetOptions): Promise<Fleet<Calls>> {
    const fleet = new Fleet<Calls>(module, options);
    const starts = Array.from({ length: options.size }, (_, index) => fleet.#start(index));
    const failed = (await Promise.allSettled(starts)).find((start) => start.status === 'rejected');
    if (failed !== undefined) {
      await fleet.#killAll();
      throw failed.reason;
    }
    return fleet;
  }

  private constructor(module: URL | string, options: FleetOptions) {
    this.#module = module;
    this.#options = options;
  }

  get workers(): readonly WorkerProcess<Calls>[] {
    return this.#workers;
  }

  /** The worker with this index, from 0. */
  worker(index: number): WorkerProcess<Calls> {
    const worker = this.#workers[index];
    if (worker === undefined)
      throw new RangeError(`There is no worker ${index} in a fleet of ${this.#workers.length}.`);
    return worker;
  }

  /** Calls a function on every worker at once; the results come in the order of the workers. */
  all<Name extends CallName<Calls>>(name: Name, ...args: CallArgs<Calls, Name>): Promise<CallResult<Calls, Name>[]> {
    return Promise.all(this.#workers.map((worker) => worker.call(name, ...args)));
  }

  /** Puts a new process into the place of a worker, which is killed if it still runs. */
  async restart(index: number): Promise<WorkerProcess<Calls>> {
    await this.worker(index).kill();
    return this.#start(index);
  }

  /**
   * Ends all workers (SIGKILL). Can be called twice.
   *
   * @throws WorkerExitError when a worker had ended without having been told to, for a rejection that nobody handled, say
   */
  async stop(): Promise<void> {
    const failed = [...this.#everyWorker].filter((worker) => worker.hasFailed);
    this.#everyWorker.clear();
    await this.#killAll();
    for (const { name, ended, output } of failed) throw new WorkerExitError(name, await ended, output);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(index: number): Promise<WorkerProcess<Calls>> {
    const { dataOf, answersFor, wallClockOffsetMsOf, size: _, ...rest } = this.#options;
    const worker = await WorkerProcess.start<Calls>(this.#module, {
      ...rest,
      name: `worker-${index}`,
      data: dataOf?.(index),
      answers: answersFor?.(index) ?? {},
      wallClockOffsetMs: wallClockOffsetMsOf?.(index) ?? 0,
    });
    this.#workers[index] = worker;
    this.#everyWorker.add(worker);
    return worker;
  }

  async #killAll(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
  }
}
