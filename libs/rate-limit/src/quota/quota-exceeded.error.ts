import { StrataError } from '@nest-strata/core';
import type { QuotaResult } from './quota-result.js';

/** A user's quota does not have as much left as was asked for; nothing was taken. */
export class QuotaExceededError extends StrataError {
  readonly code = 'QUOTA_EXCEEDED';
  /** Until the periods that are used up are over; `Infinity`: more was asked for than a period has. */
  readonly retryAfterMs: number;

  constructor(readonly result: QuotaResult) {
    const used = result.periods.map(({ kind, used, limit }) => `${kind} ${used} of ${limit}`).join(', ');
    const when =
      result.retryAfterMs === Infinity
        ? 'more was asked for than a period has'
        : `try again in ${Math.ceil(result.retryAfterMs / 1_000)} s`;
    super(`The quota ${result.quota} is used up (${used || 'Redis is away'}): ${when}.`);
    this.retryAfterMs = result.retryAfterMs;
  }
}
