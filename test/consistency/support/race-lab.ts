import { setTimeout as sleep } from 'node:timers/promises';
import { CacheEngine, KeySpace } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import type { RedisPort } from '@nest-strata/redis';
import { ChaosRedisPort } from '@nest-strata/testing';
import type { RedisServer } from '@nest-strata/testing';
import { engineOptions, NO_MEMORY } from './cache-settings.js';
import type { CacheSettings } from './cache-settings.js';
import { actorGates } from './stepped-actor.js';
import type { ActorGates } from './stepped-actor.js';
import { ToldSoFar } from './told-so-far.js';

/** What stands for a process: a cache over a port of its own. */
export interface RaceProcess {
  readonly cache: CacheEngine;
  readonly redis: ChaosRedisPort;
  /** Behind the one above, undisturbed. */
  readonly port: RedisPort;
  /** Where its load stops, and where its change does. */
  readonly gates: { readonly load: ActorGates; readonly change: ActorGates };
}

/**
 * Two caches that race over one Redis, and a third that sees what Redis holds. All live in this process, so that a
 * schedule takes milliseconds: to each other they are strangers.
 */
export class RaceLab implements AsyncDisposable {
  readonly #engines: readonly CacheEngine[];
  readonly #ports: readonly ChaosRedisPort[];
  #keyCount = 0;

  /** The keys in Redis, for who goes past the suite. */
  readonly keySpace: KeySpace;

  static async start(
    server: Pick<RedisServer, 'url'>,
    namespace: string,
    engine: CacheSettings['engine'] = {},
  ): Promise<RaceLab> {
    const processes = ['first', 'second', 'observer'].map((name): RaceProcess => {
      const port = createRedis({ url: server.url, name, deadline: '10s' });
      const redis = new ChaosRedisPort(port);
      const own = name === 'observer' ? { ...engine, memory: NO_MEMORY } : engine;
      const cache = CacheEngine.create(engineOptions(namespace, { engine: own }), { redis });
      return { cache, redis, port, gates: { load: actorGates(redis), change: actorGates(redis) } };
    });
    const [first, second, observer] = processes as [RaceProcess, RaceProcess, RaceProcess];
    const told = new ToldSoFar(first.port, observer.port, namespace);
    for (const { cache, redis } of processes) {
      await redis.connect();
      await cache.get('whatever');
      while (cache.coherence?.isArmed === false) await sleep(1);
    }
    await told.wait();
    return new RaceLab(namespace, first, second, observer, told);
  }

  private constructor(
    namespace: string,
    readonly first: RaceProcess,
    readonly second: RaceProcess,
    /** Has no memory. */
    readonly observer: RaceProcess,
    private readonly told: ToldSoFar,
  ) {
    this.keySpace = new KeySpace([namespace]);
    this.#engines = [first, second, observer].map(({ cache }) => cache);
    this.#ports = [first, second, observer].map(({ redis }) => redis);
  }

  /** A key that nobody has used, and that begins like no other. */
  newKey(): string {
    return `key-${String(this.#keyCount++)}-`;
  }

  /** Resolves when the first process was told of all that was changed so far; the test may still hold it back. */
  untilTold(): Promise<void> {
    return this.told.wait();
  }

  async stop(): Promise<void> {
    await this.told.close();
    await Promise.all(this.#engines.map((engine) => engine.close(0)));
    await Promise.all(this.#ports.map((port) => port.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
