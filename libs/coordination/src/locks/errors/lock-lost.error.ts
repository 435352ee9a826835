import { StrataError } from '@nest-strata/core';

/**
 * Why a lock is held no longer: `expired` its lease may have ended, for it was not extended in time; `taken` Redis says
 * that it is not ours, so it had ended, was released by force, or was lost with the memory of a server; `released` by us;
 * `detached` it was given to somebody else to hold.
 */
export type LockLostReason = 'expired' | 'taken' | 'released' | 'detached';

const WHAT_HAPPENED: Readonly<Record<LockLostReason, string>> = {
  expired:
    'was not extended in time, and others may hold it now: Redis did not answer, or this process stood still for longer than its ttl',
  taken: 'is not ours any more: its lease had ended, somebody released it by force, or Redis lost its memory',
  released: 'has been released by us already',
  detached: 'was detached from this process',
};

/**
 * A lock is held no longer by who thought so: the `reason` of its signal, and what `assertHeld()` throws. What was done
 * under it since may have met what somebody else did; a fencing token keeps that from harm.
 */
export class LockLostError extends StrataError {
  readonly code = 'LOCK_LOST';

  constructor(
    readonly key: string,
    readonly reason: LockLostReason,
  ) {
    super(`The lock ${JSON.stringify(key)} ${WHAT_HAPPENED[reason]}.`);
  }
}
