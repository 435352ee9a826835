import type { LimitRule } from '../rule/limit-rule.js';
import type { LimitLua } from './limit-lua.js';
import type { LimitVerdict } from '../store/limit-store.port.js';

/** One claim at one moment, as an algorithm judges it. */
export interface LimitQuestion<Rule extends LimitRule = LimitRule> {
  readonly rule: Rule;
  readonly subject: string;
  readonly cost: number;
  readonly nowUs: number;
  readonly lease?: string | undefined;
  readonly takenForUs?: number | undefined;
}

/**
 * How a limit is kept, twice over: in JavaScript for memory, in Lua for Redis, by the same formulas on whole numbers below
 * 2^53. What both lead to, the standing, is turned into a verdict by {@link measure} alone.
 *
 * Time never runs backwards in them: where the clock was set back, a limit goes on from the latest moment that it has
 * seen, and so admits too little rather than too much until the clock has caught up.
 */
export interface LimitAlgorithm<Rule extends LimitRule, Kept, Standing> {
  /** Marks what is stored. State under another mark counts as none: a policy that changes its algorithm begins anew. */
  readonly mark: string;
  /** The Lua that does the same. */
  readonly lua: LimitLua;
  /** Whether its state in Redis lives in a key beside the hash of the subject. */
  readonly hasOwnKey: boolean;
  /** `p1` to `p4` of the Lua. */
  parameters(rule: Rule, subject: string): readonly number[];
  /** What is kept as it is now, under this rule; state that was made by another rule is converted. */
  settle(question: LimitQuestion<Rule>, kept: Kept | undefined): Kept;
  /** Whether settling kept state cannot be done again later with the same outcome, so that it has to be stored. */
  isConverted?(question: LimitQuestion<Rule>, kept: Kept): boolean;
  /** Takes the cost without asking. */
  take(question: LimitQuestion<Rule>, kept: Kept): Kept;
  giveBack(question: LimitQuestion<Rule>, kept: Kept): Kept;
  standing(question: LimitQuestion<Rule>, kept: Kept): Standing;
  /** The standing as the Lua returns it. */
  parse(rule: Rule, next: () => number): Standing;
  /** `isTaken`: the standing is that after the cost was taken. */
  measure(question: LimitQuestion<Rule>, standing: Standing, isTaken: boolean): LimitVerdict;
}
