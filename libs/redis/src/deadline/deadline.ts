import type { Clock, ClockTimer } from '@nest-strata/core';
import { afterPendingReplies } from './patient-timer.js';

/** Something that must be over in time; at most one {@link Deadline} watches it. */
export abstract class Expiring {
  /** For the deadline that watches it, which keeps its items in a chain. */
  watched: { untilMs: number; earlier: Expiring | undefined; later: Expiring | undefined } | undefined;

  /** Called when it was not over within `afterMs`; it is watched no longer then. */
  abstract expire(afterMs: number): void;
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
  #oldest: Expiring | undefined;
  #newest: Expiring | undefined;
  #timer: ClockTimer | undefined;

  constructor(clock: Clock, afterMs: number) {
    this.#clock = clock;
    this.#afterMs = afterMs;
  }

  /** From now on `item` has its time; watching it again changes nothing. */
  watch(item: Expiring): void {
    if (item.watched !== undefined) return;
    const earlier = this.#newest;
    item.watched = { untilMs: this.#clock.monotonicMs() + this.#afterMs, earlier, later: undefined };
    if (earlier?.watched === undefined) this.#oldest = item;
    else earlier.watched.later = item;
    this.#newest = item;
    this.#timer ??= this.#clock.setTimer(this.#check, this.#afterMs);
  }

  /** `item` is over. */
  forget(item: Expiring): void {
    if (item.watched === undefined) return;
    const { earlier, later } = item.watched;
    item.watched = undefined;
    if (earlier?.watched === undefined) this.#oldest = later;
    else earlier.watched.later = later;
    if (later?.watched === undefined) this.#newest = earlier;
    else later.watched.earlier = earlier;
  }

  /** Stops the timer: nothing expires any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Arms the timer for the oldest item, or gives it up when there is none. */
  readonly #check = (): void => {
    const nowMs = this.#clock.monotonicMs();
    const untilMs = this.#oldest?.watched?.untilMs;
    if (untilMs === undefined) this.#timer = undefined;
    else if (untilMs > nowMs) this.#timer = this.#clock.setTimer(this.#check, untilMs - nowMs);
    else this.#timer = afterPendingReplies(() => this.#expireUntil(nowMs));
  };

  #expireUntil(nowMs: number): void {
    for (let item = this.#oldest; item?.watched !== undefined && item.watched.untilMs <= nowMs; item = this.#oldest) {
      this.forget(item);
      item.expire(this.#afterMs);
    }
    this.#check();
  }
}
