import { Clock, SystemClock } from '@nest-strata/core';
import type { ClockTimer } from '@nest-strata/core';

/** How a {@link SkewedClock} differs from the clock under it. */
export interface ClockSkew {
  /** What it shows more (less, if negative) from the start, in ms; 0 by default. Monotonic clocks begin anywhere. */
  readonly offsetMs?: number;
  /** How fast it runs; 1 by default, 1.01 gains 10 ms in a second. */
  readonly rate?: number;
}

interface SkewedTimer {
  readonly dueMs: number;
  readonly callback: () => void;
  running: ClockTimer;
}

/**
 * The clock of another machine: it began elsewhere, runs faster or slower than the one under it, and can leap ahead, as
 * the clock of a process does that was stopped or suspended for a while.
 *
 * It is monotonic, so it never leaps back. Wall clocks do: see `setWallClockOffset`.
 */
export class SkewedClock extends Clock {
  readonly #base: Clock;
  readonly #rate: number;
  readonly #timers = new Set<SkewedTimer>();
  #offsetMs: number;

  /** @throws RangeError when `rate` is not positive or a number is not finite */
  constructor({ offsetMs = 0, rate = 1 }: ClockSkew = {}, base: Clock = new SystemClock()) {
    super();
    if (!Number.isFinite(offsetMs)) throw new RangeError(`offsetMs is ${offsetMs}. Give a finite number.`);
    if (!(rate > 0 && rate < Infinity)) throw new RangeError(`rate is ${rate}. Give a finite number greater than 0.`);
    this.#base = base;
    this.#rate = rate;
    this.#offsetMs = offsetMs;
  }

  override monotonicMs(): number {
    return this.#base.monotonicMs() * this.#rate + this.#offsetMs;
  }

  override setTimer(callback: () => void, delayMs: number): ClockTimer {
    const timer: SkewedTimer = { dueMs: this.monotonicMs() + delayMs, callback, running: { cancel: () => undefined } };
    this.#timers.add(timer);
    this.#run(timer);
    return {
      cancel: () => {
        this.#timers.delete(timer);
        timer.running.cancel();
      },
    };
  }

  /**
   * Leaps ahead. Timers that are due by then fire next, in the order in which they are due.
   *
   * @throws RangeError when `ms` is negative, NaN or infinite
   */
  leap(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) {
      throw new RangeError(`A monotonic clock cannot leap by ${ms} ms. Give a number of 0 or more.`);
    }
    this.#offsetMs += ms;
    for (const timer of [...this.#timers].sort((one, other) => one.dueMs - other.dueMs)) {
      timer.running.cancel();
      this.#run(timer);
    }
  }

  #run(timer: SkewedTimer): void {
    const leftMs = Math.max(0, timer.dueMs - this.monotonicMs());
    timer.running = this.#base.setTimer(() => {
      this.#timers.delete(timer);
      timer.callback();
    }, leftMs / this.#rate);
  }
}
