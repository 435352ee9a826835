import type { Clock } from '@nest-strata/core';
import { setPatientTimer } from './patient-timer.js';

/** Waits until `promise` is settled, whatever comes of it, but not longer than `timeoutMs`. */
export function waitAtMost(timeoutMs: number, promise: Promise<unknown>, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = setPatientTimer(clock, resolve, timeoutMs);
    const settled = (): void => {
      timer.cancel();
      resolve();
    };
    promise.then(settled, settled);
  });
}
