/** One lock or several that are held together. */
export interface HeldLock extends AsyncDisposable {
  /** What is locked, sorted. */
  readonly keys: readonly string[];

  /** False once any part of it was released or may have been lost, by the monotonic clock of this moment. */
  readonly isHeld: boolean;

  /**
   * Aborted, with a `LockLostError` as its reason, when any part of it may be held by somebody else: at the latest when
   * its ttl has passed since it was last extended, whether Redis answers or not. Not when it is released.
   *
   * A process that stood still is told when it goes on, and not before what waited in its event loop: call
   * {@link assertHeld} before what must not happen without the lock.
   */
  readonly signal: AbortSignal;

  /** For how long it is certain to be held if it is extended no more, in ms; 0 when it is not held. */
  remainingMs(): number;

  /** @throws LockLostError when it is not held for certain */
  assertHeld(): void;

  /**
   * Gives it back, to who is next. Can be called twice.
   *
   * @returns whether all of it had been held until now
   * @throws LockUnavailableError when Redis could not be told; it can be called again, and the lock ends with its ttl
   */
  release(): Promise<boolean>;
}

/** What tells a lock from any other: enough for another process to go on with it, see `LockService.restore`. */
export interface LockTicket {
  readonly key: string;
  readonly owner: string;
}
