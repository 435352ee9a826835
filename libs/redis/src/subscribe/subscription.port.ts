/** What to listen to. A channel has the name that is given; a pattern is a Redis glob of names (`news:*`). */
export interface Topics {
  readonly channels?: readonly string[];
  readonly patterns?: readonly string[];
}

/** How to listen. */
export interface SubscriptionOptions {
  /**
   * The longest time between two proofs that the connection is alive, in ms; default 1000. The connection is shared, so
   * that the shortest one of a port counts for all.
   */
  readonly heartbeatMs?: number;
}

/** Hears what is published. Called synchronously as messages come in; must not throw. */
export interface SubscriptionListener {
  /**
   * Something was published on a channel that is followed, or whose name matches a pattern that is followed (then
   * `pattern` is that pattern). A name that is followed in both ways is heard of in both ways, as Redis does it.
   *
   * All subscriptions of a port share the buffer, which must not be written to.
   */
  message(channel: string, payload: Buffer, pattern: string | undefined): void;
  /** What is published from now on is heard, on all that is followed; told again when more was followed. */
  armed(): void;
  /**
   * What is published may be missed until {@link armed}: there is no connection, or Redis refuses. Once for each loss,
   * and once more when it turns out that listening is refused, which waiting will hardly change.
   */
  lost(reason: string): void;
}

/** An open ear for what is published; made by `RedisPort.subscribe`. */
export abstract class Subscription {
  /** Whether all that is followed is heard, as far as is known. */
  abstract readonly isArmed: boolean;

  /**
   * What was published before this moment of the monotonic clock has been heard; `-Infinity` while nothing is certain.
   * Grows with every heartbeat.
   */
  abstract readonly heardUpToMs: number;

  /** How often {@link SubscriptionListener.lost} was called. */
  abstract readonly losses: number;

  /** Listens to this, too; connects if need be. What is followed already stays followed, once. */
  abstract follow(topics: Topics): void;

  /** Listens to this no more. What is on its way is not told any more either. */
  abstract unfollow(topics: Topics): void;

  /** Stops listening; the listener is not called any more. The last subscription of a port closes the connection. */
  abstract close(): Promise<void>;
}
