import { SystemClock, SystemRandom } from '@nest-strata/core';
import type { Clock, Random } from '@nest-strata/core';
import { CacheEngine } from '@nest-strata/engine';
import type { CacheEvent, ResolvedCacheOptions } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import type { RedisOptions } from '@nest-strata/redis';
import { ChaosRedisPort, eventually } from '@nest-strata/testing';
import { engineOptions } from './engine-options.js';
import { RecordedRedisPort } from './recorded.redis-port.js';
import type { SharedRedis } from './shared-redis.js';

/** What plays a process: a cache with connections of its own. */
export interface CacheProcess {
  readonly engine: CacheEngine;
  /** Where a test acts between the steps of its calls. */
  readonly redis: ChaosRedisPort;
  /** What it sends. */
  readonly sent: RecordedRedisPort;
  readonly events: readonly CacheEvent[];
  /** Closes its connections and gives back nothing: as good as a crash. */
  crash(): Promise<void>;
}

/** How a process differs from the others. */
export interface CacheProcessOptions {
  readonly cache?: Partial<ResolvedCacheOptions>;
  readonly redis?: RedisOptions;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Its memory need not hear of changes yet when it starts. */
  readonly isUnheard?: boolean;
}

const PROBE_MS = 1_000;
let namespaces = 0;

/** Several processes on one Redis, as far as the caches can tell, all in one namespace that nobody else uses. */
export class CacheProcesses {
  readonly name = `processes-${String(namespaces++)}`;
  readonly #started: CacheProcess[] = [];
  #probes = 0;

  constructor(private readonly shared: SharedRedis) {}

  async start(options: CacheProcessOptions = {}): Promise<CacheProcess> {
    const { cache, redis, clock = new SystemClock(), random = new SystemRandom(), isUnheard = false } = options;
    const real = createRedis({ url: this.shared.server.url, deadline: '2s', ...redis }, { clock, random });
    const sent = new RecordedRedisPort(real);
    const port = new ChaosRedisPort(sent);
    const parts = { redis: port, clock, random };
    const engine = CacheEngine.create(engineOptions({ namespace: [this.name], ...cache }), parts);
    const events: CacheEvent[] = [];
    engine.listen((event) => events.push(event));
    const started = { engine, redis: port, sent, events, crash: () => real.close() };
    this.#started.push(started);
    if (!isUnheard) {
      await port.connect();
      await untilHeard(engine);
    }
    return started;
  }

  /** Resolves once the process has heard of every change that Redis made so far. */
  async untilHeardBy({ engine, sent }: CacheProcess): Promise<void> {
    if (engine.coherence?.mode !== 'tracking') {
      const nowMs = performance.now();
      return eventually(() => sent.heardUpToMs > nowMs);
    }
    // Redis tells of changes in their order, so who has heard of the last one has heard of all.
    const probe = this.leaseKey(`probe-${String(this.#probes++)}`);
    await this.shared.send('SET', [probe, 'probe', 'PX', PROBE_MS]);
    await eventually(() => sent.hasHeardOf(probe));
  }

  /** What Redis calls a key, a tag and the lease of a key of theirs; keys of letters. */
  valueKey(key: string): string {
    return `strata:${this.name}:v:${key}`;
  }

  tagKey(tag: string): string {
    return `strata:${this.name}:t:${tag}`;
  }

  leaseKey(key: string): string {
    return `strata:${this.name}:l:{${this.valueKey(key)}}`;
  }

  get clearKey(): string {
    return `strata:${this.name}:c`;
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#started.map(async (started) => {
        await started.engine.close(0);
        await started.crash();
      }),
    );
  }
}

/** Memory of a cache over Redis is not filled before it hears of changes. */
export async function untilHeard(engine: CacheEngine): Promise<void> {
  await eventually(() => engine.coherence === undefined || engine.coherence.isArmed);
}

/** The tier that has the key, fresh or stale. */
export async function tierOf(engine: CacheEngine, key: string): Promise<string | undefined> {
  const found = await engine.lookup(key);
  return 'tier' in found ? found.tier : undefined;
}
