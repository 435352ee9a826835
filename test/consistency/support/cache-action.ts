import type { ReadOptions } from './cache-settings.js';

/**
 * How a new version becomes known to the cache: it evicts the key or its tag, or writes the version.
 *
 * A process may come late with its `set` and put an older version into the place of what another one has evicted; only
 * source versions can tell. So `set` and `delete-version` have them, and a history of these two is consistent if its loads
 * have them, too. Together with the other ways it is not.
 */
export type ChangeWay = 'delete' | 'tag' | 'pattern' | 'clear' | 'set' | 'delete-version';

/** What a worker does in a random history. */
export type CacheAction =
  /** Reads through the cache; a miss loads from the database. */
  | { readonly do: 'read'; readonly key: string; readonly options?: ReadOptions }
  /** Asks what is cached, and loads nothing. */
  | { readonly do: 'look'; readonly key: string }
  /** Commits a new version to the database and then evicts the key, or sets it. The tag is the key's own by default. */
  | { readonly do: 'change'; readonly key: string; readonly by: ChangeWay; readonly tag?: string };

/** How a list of actions is played. */
export interface PlayOptions {
  /** How many at a time; 1 by default. */
  readonly concurrency?: number;
  /** Spreads their beginnings evenly over this time; one after the other at once by default. */
  readonly overMs?: number;
}
