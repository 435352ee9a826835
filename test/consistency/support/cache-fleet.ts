import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { FaultProxy, Fleet, Gate, RedisServer, StallWatch, VersionedDatabase } from '@nest-strata/testing';
import type { FaultProxyTarget, FaultWindow, FleetOptions, HistoryEvent, WorkerProcess } from '@nest-strata/testing';
import type { CacheSettings } from './cache-settings.js';
import type { CacheWorker, CacheWorkerData } from './cache.worker.js';
import { SOURCES } from './sources.js';
import type { FleetAnswers, RedisStep } from './worker-caches.js';

/** What the processes of a {@link CacheFleet} stand on. */
export interface CacheFleetOptions extends Pick<FleetOptions, 'wallClockOffsetMsOf' | 'env'> {
  readonly processes: number;
  /** A Redis of its own by default, which is stopped with the fleet. */
  readonly redis?: RedisServer;
  /** Where the networks lead to, if not straight to that Redis: to what decides which server is the primary. */
  readonly entrance?: FaultProxyTarget;
  /** Further options of Node for the workers, such as `--expose-gc`. */
  readonly execArgv?: readonly string[];
}

/** A step of a worker, of a cache that was opened with `steppedCalls`. */
export interface WorkerStep extends RedisStep {
  readonly process: string;
}

/**
 * Processes with caches over one Redis: each reaches it through a network of its own, and loads from one database, which
 * is in the hands of the test.
 *
 * Made once for a file of tests; rounds use keys or caches of their own.
 */
export class CacheFleet implements AsyncDisposable {
  readonly #fleet: Fleet<CacheWorker>;
  readonly #ownsRedis: boolean;
  readonly #caches = new Map<string, CacheSettings>();
  /** The networks run in this process: when it stalls, so do they. */
  readonly #stalls = new StallWatch();
  /** Past the networks. */
  readonly #direct: RedisPort;
  #keyCount = 0;

  readonly redis: RedisServer;
  /** The network of each worker, in their order. */
  readonly networks: readonly FaultProxy[];
  readonly database: VersionedDatabase;
  /** Where the steps of caches with `steppedCalls` wait; closed. */
  readonly steps: Gate<WorkerStep>;

  static async start({ processes, redis, entrance, execArgv = [], ...rest }: CacheFleetOptions): Promise<CacheFleet> {
    const server = redis ?? (await RedisServer.start());
    const networks = await Promise.all(Array.from({ length: processes }, () => FaultProxy.start(entrance ?? server)));
    const database = new VersionedDatabase();
    const steps = new Gate<WorkerStep>();
    const answersFor = (index: number): FleetAnswers => {
      const process = `worker-${String(index)}`;
      return { ...database.answersFor(process), step: (step) => steps.pass({ process, ...step }) };
    };
    const fleet = await Fleet.start<CacheWorker>(new URL('./cache.worker.ts', import.meta.url), {
      ...rest,
      size: processes,
      execArgv: [...SOURCES, ...execArgv],
      dataOf: (index): CacheWorkerData => ({ url: networks[index]?.urlOf(server.url) ?? server.url }),
      answersFor,
    });
    return new CacheFleet(fleet, server, networks, database, steps, redis === undefined);
  }

  private constructor(
    fleet: Fleet<CacheWorker>,
    redis: RedisServer,
    networks: readonly FaultProxy[],
    database: VersionedDatabase,
    steps: Gate<WorkerStep>,
    ownsRedis: boolean,
  ) {
    this.#fleet = fleet;
    this.redis = redis;
    this.networks = networks;
    this.database = database;
    this.steps = steps;
    this.#ownsRedis = ownsRedis;
    this.#direct = createRedis({ url: redis.url, deadline: '10s', name: 'test' });
  }

  get workers(): readonly WorkerProcess<CacheWorker>[] {
    return this.#fleet.workers;
  }

  worker(index: number): WorkerProcess<CacheWorker> {
    return this.#fleet.worker(index);
  }

  network(index: number): FaultProxy {
    const network = this.networks[index];
    if (network === undefined) throw new RangeError(`There is no network ${index}.`);
    return network;
  }

  /** Calls a function on every worker at once. */
  get all(): Fleet<CacheWorker>['all'] {
    return this.#fleet.all.bind(this.#fleet);
  }

  /** Opens a cache in every worker and waits until all of them hear of changes. */
  async open(cache: string, settings: CacheSettings = {}): Promise<void> {
    this.#caches.set(cache, settings);
    await this.all('open', cache, settings);
    await this.all('untilReady', cache);
  }

  /** Puts a new process into the place of a worker, with the same caches, empty; does not wait until they are ready. */
  async restart(index: number): Promise<WorkerProcess<CacheWorker>> {
    const worker = await this.#fleet.restart(index);
    for (const [cache, settings] of this.#caches) await worker.call('open', cache, settings);
    return worker;
  }

  /** A key that nobody has used. */
  newKey(prefix = 'key'): string {
    return `${prefix}-${String(this.#keyCount++)}`;
  }

  /** What all did since it was taken last, in no order; what a killed worker did since then is lost. */
  async takeHistory(): Promise<HistoryEvent[]> {
    const running = this.workers.filter(({ isRunning }) => isRunning);
    const histories = await Promise.all(running.map((worker) => worker.call('takeHistory')));
    return [...histories.flat(), ...this.database.takeHistory()];
  }

  /**
   * When this process or a worker had no CPU since it was asked last: a machine that is too busy makes reads late, and no
   * cache can help it.
   */
  async takeStalls(): Promise<FaultWindow[]> {
    const running = this.workers.filter(({ isRunning }) => isRunning);
    const stalls = await Promise.all(running.map((worker) => worker.call('takeStalls')));
    return [...this.#stalls.take(), ...stalls.flat()];
  }

  /** Sends a command straight to Redis, past the networks. */
  async tellRedis(command: string, ...args: readonly string[]): Promise<unknown> {
    await this.#direct.connect();
    return this.#direct.send(command, args);
  }

  /** Ends every fault of the networks and lets everybody go on who waits. */
  heal(): void {
    for (const network of this.networks) network.heal();
    for (const worker of this.workers) worker.resume();
    if (this.redis.isRunning) this.redis.resume();
    this.database.loads.open();
    this.steps.open();
    this.steps.close();
  }

  /** @throws WorkerExitError when a worker had ended without having been told to */
  async stop(): Promise<void> {
    this.#stalls.stop();
    await this.#direct.close();
    try {
      await this.#fleet.stop();
    } finally {
      await Promise.all(this.networks.map((network) => network.stop()));
      if (this.#ownsRedis) await this.redis.stop();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
