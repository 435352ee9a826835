import { StrataError } from '@nest-strata/core';

/** A reservation cannot be settled as asked: it was cancelled before, or nothing is known of it any more. */
export class QuotaReservationError extends StrataError {
  readonly code = 'QUOTA_RESERVATION';

  constructor(
    readonly quota: string,
    readonly id: string,
    readonly reason: 'cancelled' | 'unknown',
  ) {
    super(
      reason === 'cancelled'
        ? `The reservation ${JSON.stringify(id)} of the quota ${quota} was cancelled, so it cannot be committed. Reserve anew.`
        : `Nothing is known of the reservation ${JSON.stringify(id)} of the quota ${quota}. Check the id; it is forgotten after a day, or the 'remember' of the quota.`,
    );
  }
}
