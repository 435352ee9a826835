import { SystemClock, SystemRandom } from '@nest-strata/core';
import type { Clock, Duration, Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import { CacheNamespaces } from './cache-namespaces.js';
import { makeCacheContext } from './cache-context.js';
import type { CacheContext, CacheSurroundings } from './cache-context.js';
import type { EntryOptions } from './entry/entry-options.js';
import type { SourceVersion } from './entry/source-version.js';
import { resolveEntryOptions } from './entry/resolve-entry-options.js';
import type { EvictOutcome, WriteOutcome } from './entry/write-outcome.js';
import type { CacheListener, CacheStateEvent } from './events/cache-event.js';
import { CacheEvents } from './events/cache-events.js';
import { tellDegradation } from './events/degradation.js';
import { Invalidator } from './invalidation/invalidator.js';
import { deriveOptions } from './options/cache-options.js';
import type { CacheOverrides, ResolvedCacheOptions } from './options/cache-options.js';
import { CacheReads } from './read-through/cache-reads.js';
import type { CoherenceState } from './coherence/coherence.js';
import { tellCoherence } from './events/coherence-events.js';
import { LoadFailures } from './read-through/load-failures.js';
import { LoadSlots } from './read-through/load-slots.js';
import { EntryWriter } from './read-through/entry-writer.js';
import type { BatchLoader, Loader, LoadOptions } from './read-through/loader.js';
import type { Lookup } from './read-through/lookup.js';
import { ReadThrough } from './read-through/read-through.js';
import { TierReader } from './read-through/tier-reader.js';
import { SharedRedis } from './shared-redis.js';
import type { CacheStats } from './stats/cache-stats.js';
import { CacheWrites } from './writes/cache-writes.js';
import { BehindWriter } from './writes/behind-writer.js';
import { WriteThrough } from './writes/write-through.js';
import { CacheQueues } from './write-behind/cache-queues.js';
import type { WriteBehindOptions } from './write-behind/write-behind-options.js';

/** What a cache works with; what is left out is that of the machine. */
export interface CacheEngineParts {
  /** Left out: the cache lives in the memory of this process alone. It stays the caller's to close. */
  readonly redis?: RedisPort | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Hears of errors that listeners throw. Default: each becomes a warning of the process. */
  readonly onListenerError?: (error: unknown) => void;
}

/** How long queues and pending evicts may take at the end. */
const DEFAULT_CLOSE_MS = 1_000;

/**
 * A tiered cache: memory over Redis, or memory alone. `CacheService` is this for Nest.
 *
 * No fault of Redis rejects a call: reads fall to the loader; writes and evictions say in their outcome that Redis does
 * not know. What rejects is the caller's to mend: a loader's error, an aborted signal, a key, value or option that is
 * none.
 */
export class CacheEngine {
  readonly #context: CacheContext;
  readonly #surroundings: CacheSurroundings;
  readonly #reads: CacheReads;
  readonly #writes: CacheWrites;
  readonly #invalidator: Invalidator;
  readonly #writeThrough: WriteThrough;
  readonly #queues: CacheQueues;
  readonly #namespaces = new CacheNamespaces<CacheEngine>();
  /** Ends what the caches of a family share; nothing in a namespace, after which the others go on. */
  #endFamily: () => Promise<void> = () => Promise.resolve();

  private constructor(options: ResolvedCacheOptions, surroundings: CacheSurroundings) {
    const context = makeCacheContext(options, surroundings);
    const { flights, clock, memory, name } = context;
    const reader = new TierReader(context);
    const writer = new EntryWriter(context);
    const failures = new LoadFailures(clock, memory.changes);
    const services = { writer, flights, failures, slots: new LoadSlots(name, options.loads) };
    this.#context = context;
    this.#surroundings = surroundings;
    this.#reads = new CacheReads(context, reader, new ReadThrough(context, reader, services));
    this.#invalidator = new Invalidator(context, flights);
    this.#writes = new CacheWrites(context, reader, writer, this.#invalidator, flights);
    this.#writeThrough = new WriteThrough(context, reader, writer, this.#writes, this.#invalidator);
    // What was given up is not what the database has.
    this.#queues = new CacheQueues(context, surroundings.redis?.port, (key) => this.#invalidator.delete([key]));
  }

  /** Makes a cache; nothing is connected or sent before its first use. */
  static create(options: ResolvedCacheOptions, parts: CacheEngineParts = {}): CacheEngine {
    const events = new CacheEvents(
      parts.onListenerError ?? ((error) => process.emitWarning(String(error), 'CacheListenerWarning')),
    );
    const { redis, clock = new SystemClock(), random = new SystemRandom() } = parts;
    const shared = redis && options.enabled ? new SharedRedis(redis, options, clock, random) : undefined;
    const engine = new CacheEngine(options, { redis: shared, clock, random, events });
    const stopTelling = redis && tellDegradation(redis, engine.name, events);
    if (shared !== undefined) tellCoherence(shared.coherence, engine.name, events);
    engine.#endFamily = async () => {
      stopTelling?.();
      await shared?.close();
    };
    return engine;
  }

  /** The namespace, its parts joined by dots. */
  get name(): string {
    return this.#context.name;
  }

  /** How much the memory tier holds now. */
  get memoryUse(): { readonly entryCount: number; readonly byteCount: number } {
    const { entryCount, byteCount } = this.#context.memory.tier;
    return { entryCount, byteCount };
  }

  get<T>(key: string): Promise<T | undefined> {
    return this.#reads.get(key);
  }

  getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return this.#reads.getMany(keys);
  }

  getOrSet<T>(key: string, loader: Loader<T>, options?: LoadOptions): Promise<T> {
    return this.#reads.getOrSet(key, loader, options);
  }

  getOrSetMany<T>(keys: readonly string[], loader: BatchLoader<T>, options?: LoadOptions): Promise<(T | undefined)[]> {
    return this.#reads.getOrSetMany(keys, loader, options);
  }

  lookup<T>(key: string): Promise<Lookup<T>> {
    return this.#reads.lookup(key);
  }

  async has(key: string): Promise<boolean> {
    return (await this.#reads.lookup(key)).hit;
  }

  /** The milliseconds for which the entry stays fresh; `undefined`: there is none. */
  async ttl(key: string): Promise<number | undefined> {
    const found = await this.#reads.lookup(key);
    return found.hit ? found.ttlMs : undefined;
  }

  /** The keys of fresh entries that match a glob; one can come twice. Ends early when Redis goes away. */
  keys(glob: string): AsyncIterable<string> {
    return this.#reads.keys(glob);
  }

  async set(key: string, value: unknown, options?: EntryOptions): Promise<WriteOutcome> {
    const [outcome] = await this.#writes.set([[key, value]], options);
    return outcome as WriteOutcome;
  }

  setMany(entries: Iterable<readonly [key: string, value: unknown]>, options?: EntryOptions): Promise<WriteOutcome[]> {
    return this.#writes.set([...entries], options);
  }

  /** Stores a value only where there is a fresh one. */
  replace(key: string, value: unknown, options?: EntryOptions): Promise<WriteOutcome> {
    return this.#writes.replace(key, value, options);
  }

  setIfAbsent(key: string, value: unknown, options?: EntryOptions): Promise<WriteOutcome> {
    return this.#writes.setIfAbsent(key, value, options);
  }

  /**
   * Writes to the source of a key by `persist`, then caches what that returns, as one step for readers: none is served
   * the old value once `persist` has begun.
   *
   * @throws what `persist` throws
   */
  writeThrough<T>(key: string, persist: () => T | Promise<T>, options?: EntryOptions): Promise<T> {
    return this.#writeThrough.write(key, persist, options);
  }

  /**
   * Makes the write-behind queue `name` of this cache and begins to drain it; make it once per process, with the same
   * options in all.
   *
   * @throws InvalidOptionError, InvalidKeyError
   */
  writeBehind<T>(name: string, options: WriteBehindOptions<T>): BehindWriter<T> {
    return new BehindWriter(this.#context, this.#queues.make(name, options), this.#writeThrough);
  }

  async touch(key: string, ttl?: Duration): Promise<boolean> {
    return this.#writes.touch(key, resolveEntryOptions(this.#context.options, ttl === undefined ? undefined : { ttl }));
  }

  increment(key: string, by = 1, options?: Pick<EntryOptions, 'ttl'>): Promise<number | undefined> {
    return this.#writes.increment(key, by, options);
  }

  /** With a version, deletes what has that version at the source or a lower one, and keeps lower ones out. */
  delete(key: string, options?: { readonly version?: SourceVersion }): Promise<EvictOutcome> {
    if (options?.version === undefined) return this.#invalidator.delete([key]);
    return this.#invalidator.deleteVersion(key, options.version);
  }

  deleteMany(keys: readonly string[]): Promise<EvictOutcome> {
    return this.#invalidator.delete(keys);
  }

  deleteByTag(...tags: readonly string[]): Promise<EvictOutcome> {
    return this.#invalidator.deleteByTag(tags);
  }

  deleteByPattern(glob: string): Promise<EvictOutcome> {
    return this.#invalidator.deleteByPattern(glob);
  }

  expire(key: string): Promise<EvictOutcome> {
    return this.#invalidator.expire(key);
  }

  clear(): Promise<EvictOutcome> {
    return this.#invalidator.clear();
  }

  stats(): CacheStats {
    return this.#context.stats.snapshot(this.#context.memory.tier.evictedCount);
  }

  resetStats(): void {
    this.#context.stats.reset(this.#context.memory.tier.evictedCount);
  }

  /** How memory hears of the changes of other processes; `undefined` for a cache in memory alone. */
  get coherence(): CoherenceState | undefined {
    return this.#surroundings.redis?.coherence.state;
  }

  /** The evicts and writes that Redis did not confirm and that are repeated; of this cache and its namespaces. */
  get pendingEvicts(): { readonly count: number; readonly oldestAgeMs: number } {
    const all = [this.#context.recovery.waiting, ...this.#namespaces.all().map((one) => one.pendingEvicts)];
    return {
      count: all.reduce((sum, { count }) => sum + count, 0),
      oldestAgeMs: Math.max(...all.map(({ oldestAgeMs }) => oldestAgeMs)),
    };
  }

  /**
   * Persists what waits in write-behind queues, here and in namespaces, in `withinMs` at most, and closes them; for a
   * database that is closed before the cache. What is lost with a queue in memory is told as an `error` event.
   */
  async closeQueues(withinMs = DEFAULT_CLOSE_MS): Promise<void> {
    const namespaces = this.#namespaces.all().map((one) => one.closeQueues(withinMs));
    await Promise.all([this.#queues.close(withinMs), ...namespaces]);
  }

  /**
   * Ends the cache and its namespaces: closes queues, repeats what is pending, gives back leases, and stops listening.
   * What a namespace shares with the caches around it goes on with them.
   *
   * @param withinMs how long queues and pending evicts may take
   */
  async close(withinMs = DEFAULT_CLOSE_MS): Promise<void> {
    const { clock } = this.#context;
    const untilMs = clock.monotonicMs() + withinMs;
    // What queues bring into the database is evicted, here or in a namespace.
    await this.closeQueues(withinMs);
    await this.#end(Math.max(0, untilMs - clock.monotonicMs()));
    await this.#endFamily();
  }

  /** Hears every event of this cache and of its namespaces; returns the function that ends it. */
  listen(listener: CacheListener): () => void {
    return this.#context.events.listen(listener);
  }

  /** As {@link listen} for what the state of the cache becomes; hits and misses cost no more for it. */
  listenToState(listener: (event: CacheStateEvent) => void): () => void {
    return this.#context.events.listenToState(listener);
  }

  async #end(withinMs: number): Promise<void> {
    const { recovery, authority, keySpace } = this.#context;
    const namespaces = this.#namespaces.all().map((one) => one.#end(withinMs));
    await Promise.all([recovery.close(withinMs), authority.close(), ...namespaces]);
    this.#surroundings.redis?.coherence.leave(keySpace);
  }

  /**
   * The cache `name` inside this one: its own keys, tags, memory and statistics, the same Redis. The same name gives the
   * same cache.
   *
   * @throws InvalidOptionError when it was made with other overrides before
   */
  namespace(name: string, overrides?: CacheOverrides): CacheEngine {
    return this.#namespaces.take(
      name,
      overrides,
      () => new CacheEngine(deriveOptions(this.#context.options, name, overrides), this.#surroundings),
    );
  }
}
