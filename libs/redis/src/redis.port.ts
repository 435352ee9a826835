import type { RedisScript } from './script/redis-script.js';

/** What a Redis command takes as an argument. */
export type RedisArgument = string | Buffer | number;

/** Whether Redis can be asked right now: `ready`, or why it cannot. */
export type RedisState = 'ready' | 'connecting' | 'breaker-open' | 'closed';

/** Called once for each change of {@link RedisPort.state}; `reason` is the error that caused it, where there was one. */
export type RedisStateListener = (state: RedisState, reason?: Error) => void;

/**
 * Redis, as the caches and limiters above see it: batched, bounded in time, and honest about being away.
 *
 * Every call settles within the deadline. While Redis is known to be away (breaker open, not connected) calls reject at
 * once and send nothing. Rejections are {@link RedisUnavailableError} (away, or too late: the outcome of a write is
 * then unknown) or {@link RedisReplyError} (Redis answered with an error: nothing was done).
 */
export abstract class RedisPort {
  /** The state at this moment; reading it costs nothing. */
  abstract readonly state: RedisState;

  /**
   * The values under `keys`, in order; `null` where there is none. The calls of one tick of the event loop share one
   * `MGET`, in which each key appears once.
   */
  abstract read(keys: readonly string[]): Promise<(Buffer | null)[]>;

  /**
   * Sends one command and returns its reply; bulk strings come as `Buffer`. The commands of one tick share one
   * pipeline, in the order in which they were issued, ahead of the reads of that tick.
   */
  abstract send(command: string, args: readonly RedisArgument[]): Promise<unknown>;

  /** Runs a script by its digest, or by its text where the server has not seen it; batched like {@link send}. */
  abstract run<Key extends string, Arg extends string, Reply>(
    script: RedisScript<Key, Arg, Reply>,
    keys: Readonly<Record<Key, string>>,
    args: Readonly<Record<Arg, RedisArgument>>,
  ): Promise<Reply>;

  /** The keys that match a Redis glob, in batches of about `batchSize`; a key can appear twice. Never `KEYS`. */
  abstract scan(pattern: string, batchSize?: number): AsyncIterable<string[]>;

  /** Opens the connection if it is not open yet and resolves once it is ready; rejects past `timeoutMs`. */
  abstract connect(timeoutMs?: number): Promise<void>;

  /** Hears of every change of state; returns the function that stops it. */
  abstract onStateChange(listener: RedisStateListener): () => void;

  /** Closes the connections that this port opened; a user's own client stays open. */
  abstract close(): Promise<void>;
}
