import type { Clock, ClockTimer } from '@nest-strata/core';
import { afterPendingReplies } from './patient-timer.js';

/** Something that must be over in time. */
export interface Expiring {
  /** Called once when it was not over in time. */
  expire(): void;
}

/**
 * Bounds how long things may take, each by the same time, with a single timer for all of them: the one that was watched
 * first is the first to expire, so only it needs the timer.
 *
 * Nothing expires whose reply the process has received but, being busy, not yet read (see {@link afterPendingReplies}).
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #afterMs: number;
  /** What is watched and until when, the oldest first. */
  readonly #watched = new Map<Expiring, number>();
  #timer: ClockTimer | undefined;

  constructor(clock: Clock, afterMs: number) {
    this.#clock = clock;
    this.#afterMs = afterMs;
  }

  /** From now on `item` has its time; watching it again changes nothing. */
  watch(item: Expiring): void {
    if (this.#watched.has(item)) return;
    this.#watched.set(item, this.#clock.monotonicMs() + this.#afterMs);
    this.#timer ??= this.#clock.setTimer(this.#check, this.#afterMs);
  }

  /** `item` is over. */
  forget(item: Expiring): void {
    this.#watched.delete(item);
  }

  /** Stops the timer; nothing expires any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#watched.clear();
  }

  /** Arms the timer for the oldest item, or gives up the timer when there is none. */
  readonly #check = (): void => {
    const nowMs = this.#clock.monotonicMs();
    const [oldestUntilMs] = this.#watched.values();
    if (oldestUntilMs === undefined) this.#timer = undefined;
    else if (oldestUntilMs > nowMs) this.#timer = this.#clock.setTimer(this.#check, oldestUntilMs - nowMs);
    else this.#timer = afterPendingReplies(() => this.#expireUntil(nowMs));
  };

  #expireUntil(nowMs: number): void {
    for (const [item, untilMs] of this.#watched) {
      if (untilMs > nowMs) break;
      this.#watched.delete(item);
      item.expire();
    }
    this.#check();
  }
}
