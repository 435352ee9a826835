import type { RedisScript } from './script/redis-script.js';
import type { Subscription, SubscriptionListener, SubscriptionOptions } from './subscribe/subscription.port.js';
import type { KeyWatch, KeyWatchListener, KeyWatchOptions } from './watch/key-watch.port.js';

/** What a Redis command takes as an argument. */
export type RedisArgument = string | Buffer | number;

/**
 * Whether Redis can be asked right now: `ready`, or why it cannot. Before the first use it is `connecting`, too;
 * `breaker-open` means that there is a connection over which the last few answers did not come in time.
 */
export type RedisState = 'ready' | 'connecting' | 'breaker-open' | 'closed';

/**
 * Called once for each change of {@link RedisPort.state}, and when it becomes known why the state is not `ready`: once
 * for an outage, however many attempts fail, and once more when it turns out to be another matter (a wrong password).
 */
export type RedisStateListener = (state: RedisState, reason?: Error) => void;

/**
 * Redis, as the caches and limiters above see it: batched, bounded in time, and honest about being away.
 *
 * Every call settles within the deadline. While Redis is known to be away (breaker open, not connected) calls reject at
 * once and send nothing; only calls made while the very first connection is under way wait for it, at most for the
 * deadline, which begins once ioredis is loaded. Rejections are {@link RedisUnavailableError} (away, or too late: the
 * outcome of a write may then be unknown) or {@link RedisReplyError} (Redis answered with an error: nothing was done).
 * Nothing is ever sent twice.
 *
 * The order within a tick is kept. Between ticks it is kept only for calls that are awaited, or with one connection.
 */
export abstract class RedisPort {
  /** The state at this moment; reading it costs nothing. */
  abstract readonly state: RedisState;

  /** Why {@link state} is not `ready`, as far as it is known: the error says what to check. */
  abstract readonly reason: Error | undefined;

  /**
   * The values under `keys`, in order; `null` where there is none, or something other than a string. The calls of one
   * tick of the event loop share one `MGET`, in which a key appears once however many calls ask for it; so they also
   * share the buffers, which must not be written to.
   */
  abstract read(keys: readonly string[]): Promise<(Buffer | null)[]>;

  /**
   * Sends one command and returns its reply as Redis gave it; strings and status words come as `Buffer`. The commands of
   * one tick are sent together, in the order in which they were issued, ahead of the reads of that tick.
   *
   * The connection is shared: commands that block it or change it (`BLPOP`, `SUBSCRIBE`, `SELECT`, `MULTI`) are not
   * for here.
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

  /**
   * Listens for changes of keys; nothing is opened before {@link KeyWatch.follow}. Closing the port closes it, too.
   *
   * @throws InvalidRedisOptionsError when this port already tracks in another mode
   */
  abstract watch(options: KeyWatchOptions, listener: KeyWatchListener): KeyWatch;

  /**
   * Listens to what is published (`PUBLISH`) over a connection of its own, which all subscriptions of the port share;
   * nothing is opened before {@link Subscription.follow}. Closing the port closes it, too.
   *
   * Redis keeps nothing for those who are away: what is published between `lost` and `armed` is missed.
   *
   * @throws InvalidRedisOptionsError when `heartbeatMs` is not from 1 to 600 000
   */
  abstract subscribe(listener: SubscriptionListener, options?: SubscriptionOptions): Subscription;

  /**
   * Opens the connection if it is not open yet and resolves once it is ready. Nobody needs to call it.
   *
   * @throws RedisUnavailableError when it is not ready after `timeoutMs` (default 5000); connecting goes on
   * @throws RedisAuthError at once when the server does not accept the credentials
   * @throws MissingIoredisError at once when there is nothing to connect with
   */
  abstract connect(timeoutMs?: number): Promise<void>;

  /** Hears of every change of state; returns the function that stops it. */
  abstract onStateChange(listener: RedisStateListener): () => void;

  /**
   * Closes the connections, which until then keep the process alive, after the answers that are due, if they come
   * within the deadline. A user's own client stays open.
   */
  abstract close(): Promise<void>;
}
