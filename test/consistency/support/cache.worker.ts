import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { defineWorker, HistoryRecorder, StallWatch } from '@nest-strata/testing';
import type { CallsOf, FaultWindow, HistoryEvent, RedisChaos, WorkerContext } from '@nest-strata/testing';
import type { CacheAction, PlayOptions } from './cache-action.js';
import type { CacheSettings, ReadOptions } from './cache-settings.js';
import { randomActions } from './random-load.js';
import type { RandomLoad } from './random-load.js';
import type { EvictedVersions, RecordedCache } from './recorded-cache.js';
import { WorkerCaches } from './worker-caches.js';
import type { FleetAnswers } from './worker-caches.js';

/** What a worker is started with. */
export interface CacheWorkerData {
  /** Of Redis, through the worker's own network. */
  readonly url: string;
}

/**
 * One process of an application: caches over one Redis, and a loader that asks the test for the version of a key. The
 * first argument of most calls is the name of the cache.
 */
const cacheWorker = defineWorker(({ name, data, ask, onTerminate }: WorkerContext<CacheWorkerData, FleetAnswers>) => {
  const history = new HistoryRecorder(name);
  const stalls = new StallWatch();
  const answers: FleetAnswers = {
    load: (key) => ask('load', key),
    commit: (key) => ask('commit', key),
    step: (step) => ask('step', step),
  };
  const caches = new WorkerCaches(data.url, name, answers, history);
  onTerminate(() => caches.closeAll());

  return {
    /** Makes a cache, whose namespace is its name; does not wait for Redis. */
    open: (cache: string, settings: CacheSettings = {}) => caches.open(cache, settings),
    untilReady: (cache: string) => caches.untilReady(cache),
    report: (cache: string) => caches.report(cache),
    close: (cache: string, withinMs?: number) => caches.close(cache, withinMs),

    get: (cache: string, key: string) => caches.get(cache).get(key),
    getMany: (cache: string, keys: readonly string[]) => caches.get(cache).getMany(keys),
    lookup: (cache: string, key: string) => caches.get(cache).lookup(key),
    getOrSet: (cache: string, key: string, options?: ReadOptions) => caches.get(cache).getOrSet(key, options),
    /** So many calls of getOrSet at the same time. */
    getOrSetTimes: (cache: string, times: number, key: string, options?: ReadOptions) =>
      Promise.all(Array.from({ length: times }, () => caches.get(cache).getOrSet(key, options))),
    set: (cache: string, key: string, version: number, options?: ReadOptions) =>
      caches.get(cache).set(key, version, options),
    delete: (cache: string, key: string, evictedVersion?: number) => caches.get(cache).delete(key, evictedVersion),
    expire: (cache: string, key: string) => caches.get(cache).expire(key),
    deleteByTag: (cache: string, tags: readonly string[], evicted?: EvictedVersions) =>
      caches.get(cache).deleteByTag(tags, evicted),
    deleteByPattern: (cache: string, glob: string, evicted?: EvictedVersions) =>
      caches.get(cache).deleteByPattern(glob, evicted),
    clear: (cache: string, evicted?: EvictedVersions) => caches.get(cache).clear(evicted),

    /** Does the actions in order. Between two of them the event loop turns, as it does in a server. */
    play: (cache: string, actions: readonly CacheAction[], options?: PlayOptions) =>
      play(caches.get(cache), actions, actions.length, options),
    playRandom: (cache: string, load: RandomLoad, options?: PlayOptions) =>
      play(caches.get(cache), randomActions(load), load.actionCount, options),

    /** Lets chance disturb the calls to Redis; `{}` ends it. */
    disturb: (cache: string, chaos: RedisChaos) => caches.redisOf(cache).disturb(chaos),
    /** What becomes of the news of changed keys, once they are in the process. */
    setNotifications: (cache: string, course: 'hold' | 'drop' | 'deliver') =>
      caches.redisOf(cache).notifications[course](),
    /** Resolves once news of a change is held back. */
    notificationHeld: (cache: string) => caches.redisOf(cache).notifications.arrival(),

    /** What was done since it was taken last. */
    takeHistory: (): HistoryEvent[] => history.take(),
    takeStalls: (): FaultWindow[] => stalls.take([name]),

    /** What this process holds: its handles by kind, and its heap, collected first if Node was told `--expose-gc`. */
    resources() {
      globalThis.gc?.();
      return { active: process.getActiveResourcesInfo(), heapUsedBytes: process.memoryUsage().heapUsed };
    },
  };
});

async function play(
  cache: RecordedCache,
  actions: Iterable<CacheAction>,
  count: number,
  { concurrency = 1, overMs = 0 }: PlayOptions = {},
): Promise<void> {
  const upcoming = actions[Symbol.iterator]();
  const startedAtMs = performance.now();
  let begun = 0;
  const actor = async (): Promise<void> => {
    for (let next = upcoming.next(); next.done !== true; next = upcoming.next()) {
      const dueInMs = startedAtMs + (overMs * begun++) / count - performance.now();
      await (dueInMs >= 1 ? sleep(dueInMs) : nextTurn());
      await cache.act(next.value);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, actor));
}

export default cacheWorker;
export type CacheWorker = CallsOf<typeof cacheWorker>;
