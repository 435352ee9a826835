/** One period of a quota that a request counts in. Moments in ms since 1970 UTC. */
export interface QuotaCounter {
  /** As {@link CalendarPeriod.id}. */
  readonly id: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  /** A whole number, or `Infinity`: counted only. */
  readonly limit: number;
}

/** Whose counters they are, and how they are kept. */
export interface QuotaScope {
  readonly user: string;
  readonly quota: string;
  readonly counters: readonly QuotaCounter[];
  /** Percentages of a limit that are told once in each period, ascending. */
  readonly thresholds: readonly number[];
  /** How long a counter is kept after its period. */
  readonly keepMs: number;
}

/** A request to a quota. */
export interface QuotaTake extends QuotaScope {
  /** A whole number: 0 asks only, a negative one gives back, down to 0. */
  readonly cost: number;
  /** What is taken under an id is taken once, however often it is asked for while it is remembered. */
  readonly id: string | undefined;
  /** How long the id is remembered. */
  readonly rememberMs: number;
  /** Taken for so long, and given back by itself unless it is settled; `undefined`: for good. Needs an id. */
  readonly reserveMs: number | undefined;
}

/** What becomes of a reservation. */
export interface QuotaSettlement extends QuotaScope {
  readonly id: string;
  readonly rememberMs: number;
  /** How much was used in the end; `undefined`: nothing, it is cancelled. */
  readonly actual: number | undefined;
  /** Counts `actual` even if the store knows nothing of the reservation. */
  readonly isForced: boolean;
}

/**
 * `taken`, `denied`: as it says; `repeated`: that id was taken before, and nothing was now; `wrong-period`: the server is
 * outside one of the periods, and nothing was done.
 */
export type QuotaTakeOutcome = 'taken' | 'denied' | 'repeated' | 'wrong-period';

/**
 * `settled`: as asked, now or by an earlier call; `late`: it had already been given back, so `actual` was counted in the
 * periods given; `cancelled`: committed after it was cancelled; `unknown`: there is no such reservation.
 */
export type QuotaSettleOutcome = 'settled' | 'late' | 'cancelled' | 'unknown' | 'wrong-period';

/** How the counters stand after a call, in their order. */
export interface QuotaStanding<Outcome> {
  readonly outcome: Outcome;
  /** The clock of the store. */
  readonly nowMs: number;
  /** What is used of each, with what is reserved. */
  readonly used: readonly number[];
  /** What of it is reserved. */
  readonly reserved: readonly number[];
  /** The thresholds of each that this call was the first to reach. */
  readonly reached: readonly (readonly number[])[];
}

/** Where quotas are counted; each call is one step that no other comes between. */
export abstract class QuotaStore {
  /** Takes from all counters or from none. What was reserved and has run out is given back before. */
  abstract take(take: QuotaTake): Promise<QuotaStanding<QuotaTakeOutcome>>;

  /** Ends a reservation, in the periods in which it was taken. It may overdraw them: what was used was used. */
  abstract settle(settlement: QuotaSettlement): Promise<QuotaStanding<QuotaSettleOutcome>>;

  /** What is counted in periods, by id; 0 where nothing is. Reservations that have run out may still be in it. */
  abstract usedIn(user: string, quota: string, ids: readonly string[]): Promise<number[]>;

  /** Forgets the counts of periods, and that their thresholds were reached. */
  abstract reset(user: string, quota: string, ids: readonly string[]): Promise<void>;

  /** The clock of the store, in ms since 1970 UTC. */
  abstract nowMs(): Promise<number>;
}
