import { StrataError } from '@nest-strata/core';
import { RedisReplyError } from '@nest-strata/redis';

/**
 * Why nobody can tell about a lock: Redis is `away`, or `refused` what it was asked (see `cause`), has too few `replicas`
 * that follow, or the service is `closed`.
 */
export type LockUnavailableReason = 'away' | 'refused' | 'replicas' | 'closed';

const WHAT_HAPPENED: Readonly<Record<LockUnavailableReason, string>> = {
  away: 'could not be asked for, since Redis did not answer',
  refused: 'could not be asked for, since Redis refused it',
  replicas: 'was given back, since too few replicas had confirmed it in time',
  closed: 'cannot be asked for any more, since its LockService was closed',
};

/**
 * It is not known whether a lock is free. A request whose answer was lost may have been granted: such a lock is given back
 * as soon as Redis answers, and ends by itself with its ttl.
 */
export class LockUnavailableError extends StrataError {
  readonly code = 'LOCK_UNAVAILABLE';

  constructor(
    readonly key: string,
    readonly reason: LockUnavailableReason,
    options?: ErrorOptions,
  ) {
    const detail = options?.cause instanceof Error ? `: ${options.cause.message}` : '';
    super(`The lock ${JSON.stringify(key)} ${WHAT_HAPPENED[reason]}${detail}.`, options);
  }
}

/** What a rejection of Redis means for a lock. */
export function toLockUnavailable(key: string, cause: unknown): LockUnavailableError {
  return new LockUnavailableError(key, cause instanceof RedisReplyError ? 'refused' : 'away', { cause });
}
