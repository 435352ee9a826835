import { setImmediate as nextTurn } from 'node:timers/promises';
import { Clock } from '@nest-strata/core';
import type { ClockTimer } from '@nest-strata/core';

interface PendingTimer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until the test moves it.
 *
 * Timers fire in the order in which they are due, those due at one moment in the order in which they were set, and each
 * sees the clock at its own moment. A timer that a callback sets fires too if it is due within the same advance.
 */
export class FakeClock extends Clock {
  #nowMs: number;
  #timers: PendingTimer[] = [];

  /** `startMs` is where {@link monotonicMs} begins; not 0, so that code that takes 0 for "never" shows. */
  constructor(startMs = 1_000) {
    super();
    this.#nowMs = startMs;
  }

  /** How many timers wait to fire. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  override monotonicMs(): number {
    return this.#nowMs;
  }

  /** Even a timer of 0 ms waits for the next advance, as a real one waits for the next turn of the event loop. */
  override setTimer(callback: () => void, delayMs: number): ClockTimer {
    const timer: PendingTimer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    const later = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  /**
   * Moves the clock on and fires what is due. What a callback throws is thrown here, with the clock at that timer's
   * moment; advance again to go on.
   *
   * @throws RangeError when `ms` is negative, NaN or infinite
   */
  advance(ms: number): void {
    const untilMs = this.#after(ms);
    while (this.#fireNext(untilMs));
    this.#moveTo(untilMs);
  }

  /**
   * As {@link advance}, but lets promises settle before the first timer and after each: for code that awaits between
   * its timers. Real input and output (sockets, files) is not waited for.
   *
   * @throws RangeError when `ms` is negative, NaN or infinite
   */
  async advanceAsync(ms: number): Promise<void> {
    const untilMs = this.#after(ms);
    do await nextTurn();
    while (this.#fireNext(untilMs));
    this.#moveTo(untilMs);
  }

  #after(ms: number): number {
    if (!(ms >= 0 && ms < Infinity))
      throw new RangeError(`A clock cannot advance by ${ms} ms. Give a number of 0 or more.`);
    return this.#nowMs + ms;
  }

  #fireNext(untilMs: number): boolean {
    const next = this.#timers[0];
    if (next === undefined || next.dueMs > untilMs) return false;
    this.#timers.shift();
    this.#moveTo(next.dueMs);
    next.callback();
    return true;
  }

  /** Never backwards: a callback may have advanced the clock itself. */
  #moveTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms);
  }
}
