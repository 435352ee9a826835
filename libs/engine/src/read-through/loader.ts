import type { Duration } from '@nest-strata/core';
import type { EntryOptions } from '../entry/entry-options.js';

/** What a loader is told, and how it may adapt the entry that its result becomes. */
export interface LoadContext {
  readonly key: string;
  /** Aborted when no caller waits for the value any more. */
  readonly signal: AbortSignal;
  /** The entry's time to live; assign another to adapt it to what was loaded. */
  ttl: Duration;
  /** The entry's tags; assign or push to derive them from what was loaded. */
  tags: string[];
  /** Returns the value to the callers without storing it. */
  skip(): void;
}

/** Produces the value of a key that no tier has. `undefined` and `null` are values like any other and are cached. */
export type Loader<T> = (context: LoadContext) => T | Promise<T>;

/** How each entry of a batch may be adapted. */
export interface BatchLoadContext {
  readonly signal: AbortSignal;
  /** The context of one of the keys that are being loaded. */
  for(key: string): LoadContext;
}

/**
 * Produces the values of all missing keys at once. A key that the result lacks has the value `undefined`, which is
 * cached too; a key that was not asked for is cached and not returned.
 */
export type BatchLoader<T> = (
  keys: readonly string[],
  context: BatchLoadContext,
) => ReadonlyMap<string, T> | Promise<ReadonlyMap<string, T>>;

/** {@link EntryOptions} of a call that loads. */
export interface LoadOptions extends EntryOptions {
  /** Rejects this caller's promise when aborted; the load goes on while anyone else waits for it. */
  readonly signal?: AbortSignal;
  /** `true`: load now and replace what is cached. */
  readonly forceRefresh?: boolean;
}
