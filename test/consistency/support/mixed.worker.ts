import { setImmediate as nextTurn } from 'node:timers/promises';
import type * as Engine from '@nest-strata/engine';
import type * as Redis from '@nest-strata/redis';
import { defineWorker, HistoryRecorder } from '@nest-strata/testing';
import type { CallsOf, DatabaseAnswers, HistoryEvent, WorkerContext } from '@nest-strata/testing';
import type { CacheAction } from './cache-action.js';
import { RecordedCache } from './recorded-cache.js';

/** What a worker is started with. */
export interface MixedWorkerData {
  readonly url: string;
  /** The folder whose `libs` it runs; the last `/` included. */
  readonly root: string;
}

/** What the first release of the format was made from, where it did not say so itself. */
const FIRST_DEFAULTS = {
  ttlMs: 3_600_000,
  memoryTtlMs: 1_000,
  jitter: 0,
  memory: { maxEntries: 10_000, maxBytes: 67_108_864, values: 'frozen' },
  compression: undefined,
  limits: { maxValueBytes: 1_048_576, maxKeyBytes: 1_024 },
  enabled: true,
};

/** A process with a cache of one of two releases. */
const mixedWorker = defineWorker(
  async ({ name, data, ask, onTerminate }: WorkerContext<MixedWorkerData, DatabaseAnswers>) => {
    const engines = (await import(`${data.root}libs/engine/src/index.ts`)) as typeof Engine;
    const { createRedis } = (await import(`${data.root}libs/redis/src/index.ts`)) as typeof Redis;
    const redis = createRedis({ url: data.url, deadline: '2s' });
    await redis.connect();
    const defaults = (engines as Partial<typeof Engine>).DEFAULT_CACHE_OPTIONS ?? {
      ...FIRST_DEFAULTS,
      types: engines.defaultTypes,
    };
    const options = { ...defaults, namespace: ['mixed'], codec: new engines.JsonCodec() };
    const engine = engines.CacheEngine.create(options as Engine.ResolvedCacheOptions, { redis });
    const faults: string[] = [];
    engine.listen((event) => {
      if (event.type === 'error') faults.push(`${event.operation}: ${String(event.error)}`);
    });
    const history = new HistoryRecorder(name);
    const cache = new RecordedCache(
      engine,
      { load: (key) => ask('load', key), commit: (key) => ask('commit', key) },
      history,
    );
    onTerminate(() => redis.close());

    return {
      set: (key: string, value: unknown, entryOptions?: Engine.EntryOptions) => engine.set(key, value, entryOptions),
      get: (key: string) => engine.get(key),
      deleteByTag: (tag: string) => engine.deleteByTag(tag),
      delete: (key: string) => engine.delete(key),
      clear: () => engine.clear(),
      async play(actions: readonly CacheAction[]) {
        for (const action of actions) {
          await nextTurn();
          await cache.act(action);
        }
      },
      takeHistory: (): HistoryEvent[] => history.take(),
      /** The faults that the cache told of, which are none of its callers' business. */
      takeFaults: (): string[] => faults.splice(0),
    };
  },
);

export default mixedWorker;
export type MixedWorker = CallsOf<typeof mixedWorker>;
