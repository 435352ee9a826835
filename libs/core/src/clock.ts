import { performance } from 'node:perf_hooks';

/** A timer that {@link Clock.setTimer} started. */
export interface ClockTimer {
  /** Stops the timer; does nothing once it has fired. */
  cancel(): void;
}

/**
 * Where time comes from. Everything that waits or measures takes a clock, so that a test can drive it by hand.
 *
 * There is deliberately no wall clock here: nothing in a cache may depend on one.
 */
export abstract class Clock {
  /** Milliseconds since an arbitrary moment, with fractions; never runs backwards. */
  abstract monotonicMs(): number;

  /** Calls `callback` once after `delayMs`. The timer does not keep the process alive. */
  abstract setTimer(callback: () => void, delayMs: number): ClockTimer;
}

/** The longest delay that `setTimeout` takes; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The clock of the machine. */
export class SystemClock extends Clock {
  override monotonicMs(): number {
    return performance.now();
  }

  override setTimer(callback: () => void, delayMs: number): ClockTimer {
    const timer = setTimeout(callback, Math.min(delayMs, MAX_TIMEOUT_MS));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  }
}
