import type { FoundCopy } from './read-outcome.js';

interface Waiter<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  /** Lets go of the caller's signal. */
  readonly forgetSignal?: () => void;
}

/** A copy that is served while the load of a newer one is under way. */
export interface InterimCopy {
  readonly copy: FoundCopy;
  /** From then on callers wait for the load. */
  readonly untilMs: number;
}

/** One run for one key, which any number of callers await. */
export class Flight<Result> {
  /** Called when the last caller has left before the end. */
  onAbandoned: () => void = () => undefined;
  /** Waits for the load of somebody else, and will ask anew when that ends. */
  isWaiting = false;
  /** Until when it waits for the loads of others, once it does. */
  waitUntilMs: number | undefined;
  /** What who comes now gets at once. */
  interim: InterimCopy | undefined;
  readonly #waiters = new Set<Waiter<Result>>();
  #isBackground = false;
  #isOver = false;

  /** @param beganAtMs what it brings was asked for then, or later */
  constructor(
    readonly key: string,
    public beganAtMs: number,
  ) {}

  /** The result is out: whoever comes now has come too late for it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** An invalidation elsewhere makes it worthless: it runs, or has a copy for who comes meanwhile. */
  get isOutdatedByChange(): boolean {
    return !this.isWaiting || this.interim !== undefined;
  }

  /** Nobody waits for the result any more, and it is not wanted for later callers either. */
  get isAbandoned(): boolean {
    return this.#waiters.size === 0 && !this.#isBackground;
  }

  /** Whether anybody waits now. */
  get isAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  /** It goes on whether anybody waits for it or not. */
  get isBackground(): boolean {
    return this.#isBackground;
  }

  goOnInBackground(): void {
    this.#isBackground = true;
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
    this.#isOver = true;
    this.serve(resultFor);
  }

  /** As {@link settle} for who waits now, while the run goes on in the background. */
  serve(resultFor: (index: number) => Result): void {
    this.#isBackground = true;
    let index = 0;
    for (const waiter of this.#takeWaiters()) {
      try {
        waiter.resolve(resultFor(index++));
      } catch (error) {
        waiter.reject(error);
      }
    }
  }

  /** Rejects every caller that still waits. */
  fail(error: unknown): void {
    this.#isOver = true;
    this.dismiss(error);
  }

  /** As {@link fail} for who waits now, while the run goes on in the background. */
  dismiss(error: unknown): void {
    this.#isBackground = true;
    for (const waiter of this.#takeWaiters()) waiter.reject(error);
  }

  #takeWaiters(): readonly Waiter<Result>[] {
    const waiters = [...this.#waiters];
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

  /** Another process changed the key, or its lease: what is on its way for it is outdated. */
  detachRunning(key: string): void {
    if (this.#flights.get(key)?.isOutdatedByChange === true) this.#flights.delete(key);
  }

  /** As {@link detachRunning} for all keys. */
  detachAllRunning(): void {
    for (const [key, flight] of this.#flights) if (flight.isOutdatedByChange) this.#flights.delete(key);
  }

  detachAll(): void {
    this.#flights.clear();
  }
}
