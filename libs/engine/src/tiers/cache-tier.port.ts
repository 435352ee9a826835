import type { CacheEntry } from '../entry/cache-entry.js';

/**
 * A place that keeps entries. The memory tier and the Redis tier are two; `describeCacheTier` of
 * `@nest-strata/testing` is the contract that each must pass.
 *
 * Keys are the user's own, unescaped. A tier knows nothing of freshness or tags: it returns the copy that it has until
 * `goneAtMs`, and the read-through pipeline decides what the copy is worth. All times at this border are milliseconds
 * of the process's monotonic clock.
 */
export abstract class CacheTier {
  /** `memory`, `redis`: the name in statistics and events. */
  abstract readonly name: string;

  /** The copies under `keys`, in order; `undefined` where there is none that is whole and whose time is not over. */
  abstract read(keys: readonly string[]): Promise<(CacheEntry | undefined)[]>;

  /** Keeps the entry, replacing what was there. An entry that is already gone is not kept. */
  abstract write(key: string, entry: CacheEntry): Promise<void>;

  /** Removes the copies under `keys`; returns how many there were. */
  abstract delete(keys: readonly string[]): Promise<number>;

  /** The keys that match a glob (`*`, `?`, `[abc]`, `\` escapes), in batches; a key can appear twice. */
  abstract keys(glob: string): AsyncIterable<string[]>;
}
