import type { Clock, ClockTimer } from '@nest-strata/core';

/**
 * Calls `callback` after the event loop has read its sockets once more (two turns of `setImmediate`), so that a reply
 * which has already arrived is handled first, and can cancel it.
 */
export function afterPendingReplies(callback: () => void): ClockTimer {
  let immediate = setImmediate(() => {
    immediate = setImmediate(callback);
  });
  return { cancel: () => clearImmediate(immediate) };
}

/**
 * A timer that a blocked event loop does not fool: when its time is up it still lets pending replies in, see
 * {@link afterPendingReplies}. It does not keep the process alive.
 */
export function setPatientTimer(clock: Clock, callback: () => void, delayMs: number): ClockTimer {
  let timer = clock.setTimer(() => {
    timer = afterPendingReplies(callback);
  }, delayMs);
  return { cancel: () => timer.cancel() };
}
