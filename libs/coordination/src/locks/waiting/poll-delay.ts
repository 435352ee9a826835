/** The longest that somebody waits without asking, in ms; well within the life of a queue. */
const MAX_POLL_MS = 60_000;
/** How much later than a lease ends it is asked, at most, so that not all ask at once, in ms. */
const JITTER_MS = 250;

/** What is known by somebody who waits. */
export interface WaitingPlace {
  /** In how many ms the first lease ends, unless it is extended. */
  readonly nextEndInMs: number;
  /** How long a lock stands that was given to who waits, in ms. */
  readonly claimMs: number;
  readonly isNext: boolean;
  /** Whether it is told when the lock is its own. */
  readonly hasInbox: boolean;
  /** Chance, from 0 to 1. */
  readonly fraction: number;
}

/**
 * When to ask about a place in a queue, in ms, if no word of it comes before.
 *
 * Without an inbox, four times in the time of a claim, so that none is missed. The next in line asks twice in that time:
 * so it finds its own claim though the word of it was lost, and a claim that a dead one left before it. All others ask
 * when a lease ends that nobody has extended or given back.
 */
export function askAgainAfterMs({ nextEndInMs, claimMs, isNext, hasInbox, fraction }: WaitingPlace): number {
  const jitterMs = 1 + fraction * Math.min(JITTER_MS, claimMs / 8);
  const afterEndMs = Math.min(MAX_POLL_MS, nextEndInMs) + jitterMs;
  if (!hasInbox) return Math.min(claimMs / 4, afterEndMs);
  return isNext ? Math.min(claimMs / 2, afterEndMs) : afterEndMs;
}
