import type { LimitRule } from '../rule/limit-rule.js';

/** One limit of a request. */
export interface LimitClaim {
  /** Whose limit it is, such as `user:42`; all policies of a subject are kept together. */
  readonly subject: string;
  /** The name of the policy. */
  readonly policy: string;
  readonly rule: LimitRule;
  /** How much the request takes; a whole number. 0 asks only, and writes nothing. */
  readonly cost: number;
  /** Counted and judged, but its denial denies nothing. */
  readonly isShadow: boolean;
  /** Concurrency only, and needed there: the name under which the place is given back and renewed. */
  readonly lease?: string;
  /**
   * For what is given back: the moment for which it was taken, `nowUs` of the answer plus `waitUs` of the verdict. With
   * it just that is given back, if it still counts; without it the newest there is, and nothing from a leaky queue.
   */
  readonly takenForUs?: number;
}

/** How one limit stands after a request, in whole numbers; times in µs. */
export interface LimitVerdict {
  readonly isAllowed: boolean;
  /** How much of the limit is taken. */
  readonly used: number;
  /** How much could be taken at once now. */
  readonly remaining: number;
  /** The least time after which the same cost would pass if nobody else took anything; 0 if allowed, Infinity: never. */
  readonly retryAfterUs: number;
  /** The least time after which all is as if nobody had ever taken anything. */
  readonly resetAfterUs: number;
  /** Leaky queue only: how long whoever was admitted has to wait. */
  readonly waitUs: number;
}

/** The verdicts on all limits of a request, in the order of its claims. */
export interface LimitAnswer {
  /** Whether all were allowed, shadows aside; if not, nothing was taken from any. */
  readonly isAllowed: boolean;
  readonly verdicts: readonly LimitVerdict[];
  /** The moment of the decision, by the clock of the store. */
  readonly nowUs: number;
}

/**
 * Where limits are kept. All stores decide the same: the contract suite replays the same traces on each.
 *
 * A store in Redis rejects with RedisUnavailableError when Redis is away, or too late: then nobody knows what was taken.
 */
export abstract class LimitStore {
  /** Judges all claims, and takes all or nothing, in one step. */
  abstract take(claims: readonly LimitClaim[]): Promise<LimitAnswer>;

  /** Gives back what was taken, as far as it still counts. */
  abstract giveBack(claims: readonly LimitClaim[]): Promise<void>;

  /** Takes more without asking, so that the limit may be overdrawn: a debt that time pays. */
  abstract penalize(claims: readonly LimitClaim[]): Promise<LimitAnswer>;

  /** Forgets policies of a subject; without names all of them. */
  abstract reset(subject: string, policies?: readonly string[]): Promise<void>;

  /** Ends what the store has open; what is stored stays. */
  abstract close(): Promise<void>;
}
