import type { ServerIdentity } from '@nest-strata/redis';

/** A heartbeat that Redis acknowledged. */
export interface Heartbeat {
  /** The server's time in µs as 16 hex digits, and always more than that of the heartbeat before. */
  readonly version: string;
  /** The moment of the monotonic clock at which it was sent: what Redis acknowledged before came before it. */
  readonly sentAtMs: number;
}

/** What is known when Redis can be asked again. */
export interface FailoverFacts {
  /** The server before; `undefined`: it was never told. */
  readonly before: ServerIdentity | undefined;
  /** The server now; `undefined`: it does not tell. */
  readonly now: ServerIdentity | undefined;
  /** Nothing was asked before, so nothing can have been lost. */
  readonly isFirstContact: boolean;
  /** Those of this process with the server before, as they were sent. */
  readonly heartbeats: readonly Heartbeat[];
  /** The latest heartbeat of any process with the server before, as the server now has it; `undefined`: none. */
  readonly record: string | undefined;
  readonly windowMs: number;
}

/** What a server that can be asked again has lost of what this process had acknowledged. */
export type FailoverVerdict =
  /** It is the same one, and has lost nothing. */
  | { readonly kind: 'same' }
  /** At most what was acknowledged at `sinceMs` or later. */
  | { readonly kind: 'replay'; readonly sinceMs: number }
  /** More than the window, or nobody knows what. */
  | { readonly kind: 'clear'; readonly reason: 'unknown-server' | 'no-heartbeat' | 'fell-too-far' };

/**
 * Judges what a failover, a restart or a restored backup has lost.
 *
 * A replica has what its primary wrote, in the same order, up to some moment. So the latest heartbeat that the new server
 * has of the history before shows that everything came over that Redis had acknowledged before that heartbeat was sent.
 * How far the server fell back is the time from there to the last heartbeat of this process that the old one
 * acknowledged. Beyond the window all is to be cleared, for other processes may have lost evicts, too, and not be there
 * any more to repeat them.
 */
export function judgeFailover(facts: FailoverFacts): FailoverVerdict {
  const { before, now, heartbeats, record, windowMs } = facts;
  if (facts.isFirstContact) return { kind: 'same' };
  if (before === undefined || now === undefined) return { kind: 'clear', reason: 'unknown-server' };
  if (before.runId === now.runId && before.replicationId === now.replicationId) return { kind: 'same' };
  const last = heartbeats.at(-1);
  if (last === undefined || record === undefined) return { kind: 'clear', reason: 'no-heartbeat' };
  if (microsecondsOf(last.version) - microsecondsOf(record) > windowMs * 1_000) {
    return { kind: 'clear', reason: 'fell-too-far' };
  }
  const proven = heartbeats.findLast(({ version }) => version <= record);
  return { kind: 'replay', sinceMs: proven?.sentAtMs ?? -Infinity };
}

/** Exact: the time in µs is below 2^53. */
function microsecondsOf(version: string): number {
  return parseInt(version, 16);
}
