import type { Clock, ClockTimer } from '@nest-strata/core';
import type { LimitClaim } from '../store/limit-store.port.js';
import type { RateLimitResult } from './rate-limit-result.js';

/** Work that is done within limits that are already taken. */
export interface LimitedWork<T> {
  readonly result: RateLimitResult;
  readonly taken: readonly LimitClaim[];
  readonly work: (result: RateLimitResult) => T | Promise<T>;
  readonly giveBack: (claims: readonly LimitClaim[]) => Promise<void>;
  readonly renew: (places: readonly LimitClaim[]) => Promise<void>;
  /** Hears why places could not be renewed. */
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** Waits for the turn, works, and gives the places back; a wait that is aborted gives all back. */
export async function runWithin<T>(limited: LimitedWork<T>): Promise<T> {
  const { result, taken, work, giveBack, clock, signal } = limited;
  try {
    await turn(result.waitMs, clock, signal);
  } catch (error) {
    await giveBack(taken);
    throw error;
  }
  const places = taken.filter(({ rule }) => rule.kind === 'concurrency');
  const stopRenewing = keepRenewing(places, limited);
  try {
    return await work(result);
  } finally {
    stopRenewing();
    if (places.length > 0) await giveBack(places);
  }
}

async function turn(waitMs: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (waitMs === 0) return;
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.setTimer(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, waitMs);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Renews the places three times in the life of the shortest. */
function keepRenewing<T>(places: readonly LimitClaim[], { renew, onError, clock }: LimitedWork<T>): () => void {
  const leasesMs = places.flatMap(({ rule }) => (rule.kind === 'concurrency' ? [rule.leaseUs / 1_000] : []));
  if (leasesMs.length === 0) return () => undefined;
  const everyMs = Math.min(...leasesMs) / 3;
  let isStopped = false;
  let timer: ClockTimer;
  const again = (): void => {
    timer = clock.setTimer(() => {
      // A place that cannot be renewed ends by itself: the limit is then exceeded rather than the work lost.
      void renew(places)
        .catch(onError)
        .finally(() => {
          if (!isStopped) again();
        });
    }, everyMs);
  };
  again();
  return () => {
    isStopped = true;
    timer.cancel();
  };
}
