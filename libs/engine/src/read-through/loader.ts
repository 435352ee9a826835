import type { Duration } from '@nest-strata/core';
import type { EntryOptions } from '../entry/entry-options.js';
import type { SourceVersion } from '../entry/source-version.js';

/** What a loader is told, and how it may adapt the entry that its result becomes. */
export interface LoadContext {
  readonly key: string;
  /** Aborted when no caller waits for the value any more, unless the load goes on in the background. */
  readonly signal: AbortSignal;
  /** The copy that the load is to renew, if there is one: for loaders that ask their source whether it has changed. */
  readonly stale: { readonly value: unknown; readonly etag: string | undefined } | undefined;
  /** What identifies this state of the source; assign what the source gave. Stored with the entry. */
  etag: string | undefined;
  /** The value's version at its source; a lower one than is stored is not stored. */
  version: SourceVersion | undefined;
  /** The entry's time to live; assign another to adapt it to what was loaded. */
  ttl: Duration;
  /** The entry's tags; assign or push to derive them from what was loaded. */
  tags: string[];
  /** Returns the value to the callers without storing it. */
  skip(): void;
  /**
   * What a loader returns when its source has not changed: the stale copy is fresh again, and only its times are written.
   *
   * @throws NothingToRenewError when there is no stale copy
   */
  notModified(): never;
  /**
   * Ends the load as failed, as throwing `reason` would.
   *
   * @throws reason, always
   */
  fail(reason: Error | string): never;
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
 * cached too. A key that was not asked for is ignored: nothing would show that it was not evicted during the load.
 */
export type BatchLoader<T> = (
  keys: readonly string[],
  context: BatchLoadContext,
) => ReadonlyMap<string, T> | Promise<ReadonlyMap<string, T>>;

/** {@link EntryOptions} of a call that loads. */
export interface LoadOptions<T = unknown> extends EntryOptions {
  /** Rejects this caller's promise when aborted; the load goes on while anyone else waits for it. */
  readonly signal?: AbortSignal;
  /** `true`: load now and replace what is cached. */
  readonly forceRefresh?: boolean;
  /**
   * The share of an entry's life after which a read renews it in the background, once in all processes, in (0, 1): with
   * 0.8 the entries that are read never run out. `0`: none.
   */
  readonly refreshAhead?: number;
  /**
   * Renews an entry at random before it runs out, the likelier the nearer that is and the longer its load took: the beta
   * of XFetch (Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, 2015). `1` is their
   * recommendation, more is earlier, `0` is none.
   */
  readonly earlyRefresh?: number;
  /** How long a caller waits for the loader where a stale copy could be served; the load goes on. `'0ms'`: no limit. */
  readonly softTimeout?: Duration;
  /** How long any caller waits for the loader, also for that of another process; then it gets a stale copy, the fallback or an error. `'0ms'`: no limit. */
  readonly hardTimeout?: Duration;
  /** How long a caller waits for the load of another process. `'0ms'`: not at all. */
  readonly lockTimeout?: Duration;
  /** After `lockTimeout`: `'load'` loads too, without storing the value; `'fail'` rejects with a `LockTimeoutError`. */
  readonly onLockTimeout?: 'load' | 'fail';
  /** How long the error of a load is what further loads of the key get, in all processes; up to `'1d'`. `'0ms'`: they try again. */
  readonly errorTtl?: Duration;
  /** How long a stale copy is served after a failed load before the next attempt, in all processes; up to `'1d'`. */
  readonly retryAfter?: Duration;
  /** Gives a value when the load failed and there is no stale copy. It is not stored. */
  readonly fallback?: (error: unknown) => T;
}
