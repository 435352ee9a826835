import { Clock } from '@nest-strata/core';
import type { ClockTimer } from '@nest-strata/core';

/** A clock that stands still until a test sets it, to the µs, and that may be set back. */
export class MicroClock extends Clock {
  nowUs = 1_760_000_000_123_456;

  override monotonicMs(): number {
    return this.nowUs / 1_000;
  }

  override setTimer(): ClockTimer {
    throw new Error('A limit store sets no timers.');
  }
}
