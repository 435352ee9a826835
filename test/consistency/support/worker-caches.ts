import { setTimeout as sleep } from 'node:timers/promises';
import { CacheEngine } from '@nest-strata/engine';
import type { CacheEvent, CacheStats, CoherenceState } from '@nest-strata/engine';
import { createRedis } from '@nest-strata/redis';
import type { RedisState } from '@nest-strata/redis';
import { ChaosRedisPort } from '@nest-strata/testing';
import type { DatabaseAnswers, HistoryRecorder, RedisCall } from '@nest-strata/testing';
import { engineOptions } from './cache-settings.js';
import type { CacheSettings } from './cache-settings.js';
import { RecordedCache } from './recorded-cache.js';

/** A call to Redis on its way, or its reply. */
export interface RedisStep extends Pick<RedisCall, 'name' | 'keys'> {
  readonly when: 'call' | 'reply';
}

/** What a worker may ask the test for. */
export interface FleetAnswers extends DatabaseAnswers {
  /** Resolves when the test lets the step happen. */
  step(step: RedisStep): Promise<void>;
}

/** How it is with one cache of a worker. */
export interface CacheReport {
  readonly stats: CacheStats;
  readonly coherence: CoherenceState | undefined;
  readonly pendingEvicts: { readonly count: number; readonly oldestAgeMs: number };
  readonly memoryUse: { readonly entryCount: number; readonly byteCount: number };
  readonly redis: RedisState;
  /** How many events of each type it has told since it was opened. */
  readonly events: Partial<Record<CacheEvent['type'], number>>;
}

interface OpenCache {
  readonly recorded: RecordedCache;
  readonly redis: ChaosRedisPort;
  readonly events: Partial<Record<CacheEvent['type'], number>>;
}

/** The caches of a worker, by name, and the ports that they share. */
export class WorkerCaches {
  readonly #url: string;
  readonly #worker: string;
  readonly #answers: FleetAnswers;
  readonly #history: HistoryRecorder;
  readonly #ports = new Map<string, ChaosRedisPort>();
  readonly #caches = new Map<string, OpenCache>();

  constructor(url: string, worker: string, answers: FleetAnswers, history: HistoryRecorder) {
    this.#url = url;
    this.#worker = worker;
    this.#answers = answers;
    this.#history = history;
  }

  open(name: string, settings: CacheSettings): void {
    const redis = this.#portFor(settings);
    const engine = CacheEngine.create(engineOptions(name, settings), { redis });
    const events: OpenCache['events'] = {};
    engine.listen(({ type }) => (events[type] = (events[type] ?? 0) + 1));
    this.#caches.set(name, { recorded: new RecordedCache(engine, this.#answers, this.#history), redis, events });
  }

  get(name: string): RecordedCache {
    return this.#find(name).recorded;
  }

  /** What can be done to its Redis, and to that of the caches that share the port. */
  redisOf(name: string): ChaosRedisPort {
    return this.#find(name).redis;
  }

  /** Resolves once Redis can be asked and the cache hears of changes (unless its coherence is `none`). */
  async untilReady(name: string): Promise<void> {
    const { recorded, redis } = this.#find(name);
    await redis.connect(60_000);
    const isReady = (): boolean => {
      const { coherence } = recorded.engine;
      return redis.state === 'ready' && (coherence?.isArmed === true || coherence?.configured === 'none');
    };
    while (!isReady()) await sleep(2);
  }

  report(name: string): CacheReport {
    const { recorded, redis, events } = this.#find(name);
    const { coherence, pendingEvicts, memoryUse } = recorded.engine;
    return { stats: recorded.engine.stats(), coherence, pendingEvicts, memoryUse, redis: redis.state, events };
  }

  async close(name: string, withinMs?: number): Promise<void> {
    await this.get(name).engine.close(withinMs);
    this.#caches.delete(name);
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#caches.keys()].map((name) => this.close(name)));
    await Promise.all([...this.#ports.values()].map((port) => port.close()));
  }

  #find(name: string): OpenCache {
    const found = this.#caches.get(name);
    if (found === undefined) throw new Error(`Cache "${name}" is not open in ${this.#worker}. Call open first.`);
    return found;
  }

  #portFor({ redis, engine, steppedCalls = [] }: CacheSettings): ChaosRedisPort {
    const settings = JSON.stringify([redis, engine?.coherence, steppedCalls]);
    const known = this.#ports.get(settings);
    if (known !== undefined) return known;
    const port = new ChaosRedisPort(createRedis({ url: this.#url, name: this.#worker, ...redis }));
    const step = async ({ name, keys }: RedisCall, when: RedisStep['when']): Promise<void> => {
      if (steppedCalls.includes(name)) await this.#answers.step({ name, keys, when });
    };
    if (steppedCalls.length > 0) {
      port.onCall = (call) => step(call, 'call');
      port.onReply = (call) => step(call, 'reply');
    }
    this.#ports.set(settings, port);
    return port;
  }
}
