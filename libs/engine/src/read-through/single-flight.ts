interface Waiter<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  /** Lets go of the caller's signal. */
  readonly forgetSignal?: () => void;
}

/** One run for one key, which any number of callers await. */
export class Flight<Result> {
  /** Called when the last caller has left before the end. */
  onAbandoned: () => void = () => undefined;
  readonly #waiters = new Set<Waiter<Result>>();
  #isOver = false;

  constructor(readonly key: string) {}

  /** The result is out: whoever comes now has come too late for it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nobody waits for the result any more. */
  get isAbandoned(): boolean {
    return this.#waiters.size === 0;
  }

  /** Awaits the result; rejects with the signal's reason once that is aborted. */
  join(signal: AbortSignal | undefined): Promise<Result> {
    return new Promise<Result>((resolve, reject: (error: unknown) => void) => {
      if (signal === undefined) {
        this.#waiters.add({ resolve, reject });
        return;
      }
      const leave = () => {
        this.#waiters.delete(waiter);
        waiter.reject(signal.reason);
        if (this.isAbandoned) this.onAbandoned();
      };
      const waiter = { resolve, reject, forgetSignal: () => signal.removeEventListener('abort', leave) };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Gives every caller a result of its own, made by `resultFor`; `index` counts the callers. */
  settle(resultFor: (index: number) => Result): void {
    let index = 0;
    for (const waiter of this.#end()) {
      try {
        waiter.resolve(resultFor(index++));
      } catch (error) {
        waiter.reject(error);
      }
    }
  }

  /** Rejects every caller that still waits. */
  fail(error: unknown): void {
    for (const waiter of this.#end()) waiter.reject(error);
  }

  #end(): readonly Waiter<Result>[] {
    const waiters = [...this.#waiters];
    this.#isOver = true;
    this.#waiters.clear();
    for (const waiter of waiters) waiter.forgetSignal?.();
    return waiters;
  }
}

/**
 * The flights under way, one per key at most.
 *
 * An invalidation detaches the flights it concerns: who waits gets their result, who comes later starts another.
 */
export class SingleFlight<Result> {
  readonly #flights = new Map<string, Flight<Result>>();

  get size(): number {
    return this.#flights.size;
  }

  /** The flight for the key that can still be joined. */
  find(key: string): Flight<Result> | undefined {
    const flight = this.#flights.get(key);
    return flight?.isOver === true ? undefined : flight;
  }

  start(flight: Flight<Result>): void {
    this.#flights.set(flight.key, flight);
  }

  /** Ends the flight's life here; nothing happens if another has taken its place. */
  land(flight: Flight<Result>): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
  }

  detach(key: string): void {
    this.#flights.delete(key);
  }

  detachAll(): void {
    this.#flights.clear();
  }
}
