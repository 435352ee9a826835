import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import { reportFault } from '../events/report-fault.js';
import type { MemoryCopy } from '../memory/memory-store.js';
import type { BatchLoader, Loader, LoadOptions } from './loader.js';
import type { Lookup } from './lookup.js';
import type { FoundCopy, ReadOutcome } from './read-outcome.js';
import type { ReadThrough } from './read-through.js';
import type { TierReader } from './tier-reader.js';

/** Stands for a value that memory does not have. */
const MISSING = Symbol('missing');

/**
 * The reads as callers ask for them: memory first, at once; for what it does not have, the authority or the pipeline. One
 * logical hit or miss is counted per key and call.
 */
export class CacheReads {
  constructor(
    private readonly context: CacheContext,
    private readonly reader: TierReader,
    private readonly readThrough: ReadThrough,
  ) {}

  async get<T>(key: string): Promise<T | undefined> {
    const copy = this.#findInMemory(key);
    if (copy !== undefined) return this.#hit(key, copy) as T;
    const [value] = await this.readThrough.peek([key]);
    return this.#settled(key, value) as T | undefined;
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    const values = await this.#many(keys, true, async (missing) => {
      const found = await this.readThrough.peek(missing);
      return missing.map((key, index) => this.#settled(key, found[index]));
    });
    return values as (T | undefined)[];
  }

  async getOrSet<T>(key: string, loader: Loader<T>, options?: LoadOptions): Promise<T> {
    const copy = isDecidedAnew(options) ? undefined : this.#findInMemory(key);
    if (copy !== undefined) return this.#hit(key, copy) as T;
    const loadOne: BatchLoader<T> = async (_, context) => new Map([[key, await loader(context.for(key))]]);
    const [value] = await this.#resolve([key], loadOne, options);
    return value as T;
  }

  async getOrSetMany<T>(
    keys: readonly string[],
    loader: BatchLoader<T>,
    options?: LoadOptions,
  ): Promise<(T | undefined)[]> {
    const values = await this.#many(keys, !isDecidedAnew(options), (missing) =>
      this.#resolve(missing, loader, options),
    );
    return values as (T | undefined)[];
  }

  /** Counts nothing. */
  async lookup<T>(key: string): Promise<Lookup<T>> {
    const copy = this.context.memory.findTrusted(key);
    const found: FoundCopy | undefined =
      copy === undefined
        ? (await this.reader.askAuthority([key])).copies[0]
        : { value: copy.value, isCopiedOnRead: copy.isCopiedOnRead, isHeld: true, tier: 'memory', entry: copy };
    if (found === undefined) return { hit: false, stale: false, value: undefined };
    const nowMs = this.context.clock.monotonicMs();
    const { createdAtMs, freshUntilMs } = found.entry;
    const { tier } = found;
    const value = this.context.keeper.present(found, !found.isHeld) as T;
    const ageMs = Math.max(0, nowMs - createdAtMs);
    if (nowMs < freshUntilMs) return { hit: true, stale: false, value, tier, ageMs, ttlMs: freshUntilMs - nowMs };
    return { hit: false, stale: true, value, tier, ageMs, ttlMs: 0 };
  }

  async *keys(glob: string): AsyncIterable<string> {
    try {
      yield* this.context.authority.keys(glob);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'keys', error);
    }
  }

  /** What the pipeline brings; a key whose load fails, or whose caller leaves, was a miss all the same. */
  #resolve(keys: readonly string[], loader: BatchLoader<unknown>, options?: LoadOptions): Promise<unknown[]> {
    return Promise.all(
      this.readThrough.resolve(keys, loader, options).map(async (outcome, index) => {
        const key = keys[index] ?? '';
        try {
          return this.#settled(key, await outcome);
        } catch (error) {
          this.#settled(key, undefined);
          throw error;
        }
      }),
    );
  }

  /** Each key once: from memory where it may be asked, the others together from `findMissing`. */
  async #many(
    keys: readonly string[],
    mayAskMemory: boolean,
    findMissing: (missing: readonly string[]) => Promise<readonly unknown[]>,
  ): Promise<unknown[]> {
    const distinct = new Set(keys);
    if (distinct.size < keys.length) {
      const once = [...distinct];
      const values = await this.#many(once, mayAskMemory, findMissing);
      const valueOf = new Map(once.map((key, index) => [key, values[index]]));
      return keys.map((key) => valueOf.get(key));
    }
    const missing: string[] = [];
    const values = keys.map((key) => {
      const copy = mayAskMemory ? this.#findInMemory(key) : undefined;
      if (copy === undefined) missing.push(key);
      return copy === undefined ? MISSING : this.#hit(key, copy);
    });
    if (missing.length === 0) return values;
    const found = await findMissing(missing);
    let taken = 0;
    return values.map((value) => (value === MISSING ? found[taken++] : value));
  }

  #findInMemory(key: string): MemoryCopy | undefined {
    const { memory, stats } = this.context;
    const copy = memory.findQuiet(key);
    if (copy === undefined) stats.memory.misses++;
    else stats.memory.hits++;
    return copy;
  }

  /** The quick way out of every read; makes nothing but the value. */
  #hit(key: string, copy: MemoryCopy): unknown {
    const { stats, events, name, keeper } = this.context;
    stats.hits++;
    if (events.isHeard) events.emit({ type: 'hit', cache: name, key, tier: 'memory', stale: false });
    return keeper.present(copy);
  }

  #settled(key: string, outcome: ReadOutcome | undefined): unknown {
    this.#observe(key, outcome?.tier, outcome?.isStale === true);
    return outcome?.value;
  }

  #observe(key: string, tier: string | undefined, stale: boolean): void {
    const { stats, events, name } = this.context;
    if (tier === undefined) stats.misses++;
    else stats.hits++;
    if (stale) stats.staleHits++;
    if (!events.isHeard) return;
    events.emit(
      tier === undefined ? { type: 'miss', cache: name, key } : { type: 'hit', cache: name, key, tier, stale },
    );
  }
}

/** Whether what memory holds must be looked at with the options of this very call. */
function isDecidedAnew(options: LoadOptions | undefined): boolean {
  if (options === undefined) return false;
  const { forceRefresh, refreshAhead, earlyRefresh, slidingTtl } = options;
  return forceRefresh === true || refreshAhead !== undefined || earlyRefresh !== undefined || slidingTtl !== undefined;
}
