import type { Clock, ClockTimer } from '@nest-strata/core';

/** `closed` lets everything through, `open` nothing, `half-open` one probe. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** When a {@link CircuitBreaker} opens and for how long. */
export interface BreakerSettings {
  /** Failures in a row, without a success in between, that open it. */
  readonly failures: number;
  /** How long it stays open before it asks for a probe. */
  readonly openForMs: number;
}

/**
 * Decides whether something that fails is worth asking. It opens after some failures in a row; when its time is over it
 * becomes half-open, which asks its owner to send one probe; the probe's outcome closes it or opens it again.
 */
export class CircuitBreaker {
  readonly #settings: BreakerSettings;
  readonly #clock: Clock;
  readonly #changed: (state: BreakerState) => void;
  #state: BreakerState = 'closed';
  #failuresInRow = 0;
  #timer: ClockTimer | undefined;

  /** `changed` is called once for each change of state, after it; `half-open` is the request to send a probe. */
  constructor(settings: BreakerSettings, clock: Clock, changed: (state: BreakerState) => void) {
    this.#settings = settings;
    this.#clock = clock;
    this.#changed = changed;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** An answer came. While open it is an old one that proves nothing. */
  recordSuccess(): void {
    this.#failuresInRow = 0;
    if (this.#state === 'half-open') this.#become('closed');
  }

  /** No answer came. */
  recordFailure(): void {
    this.#failuresInRow++;
    if (this.#state === 'half-open' || (this.#state === 'closed' && this.#failuresInRow >= this.#settings.failures)) {
      this.#become('open');
      this.#timer = this.#clock.setTimer(() => this.#become('half-open'), this.#settings.openForMs);
    }
  }

  /** Starts over, closed: what failed has been replaced. */
  reset(): void {
    this.stop();
    this.#failuresInRow = 0;
    if (this.#state !== 'closed') this.#become('closed');
  }

  /** Stops its timer, and with it the next probe. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #become(state: BreakerState): void {
    this.#state = state;
    this.#changed(state);
  }
}
