/**
 * How changes of keys become known. All processes of a cache must use the same one: nobody publishes for a process in the
 * mode `bus` but those that are in it, too.
 *
 * - `tracking`: Redis tells of every change of a key with one of the prefixes (`CLIENT TRACKING … BCAST`), whoever made it,
 *   except for the plain commands of this very port. What its scripts change is told.
 * - `tracking-reads`: Redis remembers which keys this port has read, and tells of the next change of each, whoever made it,
 *   this port included; then it has forgotten the key until it is read again. Less to hear, more for the server to
 *   remember. A key that was only written, and not read since, is **not** watched.
 * - `bus`: whoever changes a key publishes its name. For servers and users that may not track; expiry, eviction and the
 *   changes of other programs stay unheard.
 */
export type KeyWatchMode = 'tracking' | 'tracking-reads' | 'bus';

/** What to watch. */
export interface KeyWatchOptions {
  /**
   * `auto`: `tracking`, and for good `bus` once the server has said that it does not know tracking or that the user may not
   * use it, or has accepted it and told nothing. The others never fall back.
   */
  readonly mode: 'auto' | KeyWatchMode;
  /** The pub/sub channel of the mode `bus`. */
  readonly channel: string;
  /** The longest time between two proofs that changes are heard, in ms. */
  readonly heartbeatMs: number;
}

/** Hears of changes. Called synchronously as messages come in; must not throw. */
export interface KeyWatchListener {
  /** Keys with a watched prefix that were written, deleted, expired or evicted; some may come without a change. */
  changed(redisKeys: readonly string[]): void;
  /** Changes of keys with these prefixes are heard from now on; what was before is unknown. */
  armed(prefixes: readonly string[]): void;
  /**
   * Anything may have changed, or may change unheard until {@link armed}: a connection was lost, a database flushed. Once
   * for each loss, and once more when it turns out that listening is refused, which waiting will hardly change.
   */
  lost(reason: string): void;
}

/** Where and under which name changes are to be published in the mode `bus`. */
export interface KeyAnnouncement {
  readonly channel: string;
  /** This process: what it publishes itself it does not hear. */
  readonly source: string;
}

/** An open ear for changes of keys; made by `RedisPort.watch`. */
export abstract class KeyWatch {
  /** The mode that was chosen; `undefined` until it is known. */
  abstract readonly mode: KeyWatchMode | undefined;

  /**
   * Every change that Redis made before this moment of the monotonic clock has been reported; `-Infinity` while nothing
   * is certain. Grows with every heartbeat; judge it at each use, for a process that was stopped has no timers.
   */
  abstract readonly heardUpToMs: number;

  /** How long the last heartbeat took, in ms: the time in which a change becomes known. */
  abstract readonly lagMs: number | undefined;

  /** How often {@link KeyWatchListener.lost} was called. */
  abstract readonly losses: number;

  /**
   * What scripts that change keys must publish, as `<source>\n<key>\n<key>…`; `undefined` where Redis itself tells, and
   * nobody else need.
   */
  abstract readonly announcement: KeyAnnouncement | undefined;

  /** Watches keys that begin with one of these prefixes, too, and connects to Redis if need be. */
  abstract follow(prefixes: readonly string[]): void;

  /** Stops listening and closes what was opened for it; the listener is not called any more. */
  abstract close(): Promise<void>;
}
