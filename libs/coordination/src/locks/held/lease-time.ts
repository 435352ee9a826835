/** What the clocks of two machines may differ by in the time of a lease: 1 % of it, and 2 ms for rounding. */
const DRIFT_SHARE = 0.01;
const DRIFT_MS = 2;

/** Until when a lease is certain, on the clock of who was granted it not before `startMs`. */
export function certainUntilMs(startMs: number, leaseMs: number): number {
  return startMs + leaseMs * (1 - DRIFT_SHARE) - DRIFT_MS;
}

/** When to extend a lease: twice more can fail before it ends. */
export function extendAtMs(startMs: number, leaseMs: number): number {
  return startMs + leaseMs / 3;
}

/** How long after an extension without an answer it is tried again. */
export function extendAgainAfterMs(leaseMs: number): number {
  return Math.min(1_000, leaseMs / 12);
}

/** How long a lease is until who was given it while it waited has answered. */
export function claimMsOf(ttlMs: number): number {
  return Math.min(ttlMs, MAX_CLAIM_MS);
}

const MAX_CLAIM_MS = 1_500;
