import { durationToMs, isDuration, type Duration } from '@nest-strata/core';
import type { LeakyBucketRule } from '../rule/limit-rule.js';
import { InvalidPolicyError, type PolicyProblem } from '../policy/invalid-policy.error.js';
import type { LimitClaim, LimitStore } from '../store/limit-store.port.js';

/** Blocks subjects that are denied again and again, for longer each time. */
export interface EscalationOptions {
  /** How many denied requests lead to the next block. */
  readonly after: number;
  /** How long the first block lasts, the second, …; the last repeats. Such as `['1m', '10m', '1h']`. */
  readonly blocks: readonly Duration[];
  /** In which time `after` denials are forgotten, evenly, and with them one step of the ladder. */
  readonly forgetAfter: Duration;
}

/** A subject that has just been blocked. */
export interface NewBlock {
  /** The denials that are not forgotten yet. */
  readonly denials: number;
  readonly forMs: number;
}

const MAX_AFTER = 1_000_000;
const MAX_BLOCK_MS = 365 * 86_400_000;
/** No policy of a user has such a name. */
const BLOCK_FIELD = '~block';
const DENIALS_FIELD = '~denials';

/** A debt of one per ms. Whoever owes more than one is denied until it is paid. */
const BLOCK_RULE: LeakyBucketRule = {
  kind: 'leaky-bucket',
  limit: 1,
  windowUs: 1_000,
  burst: 1,
  rate: { count: 1, perUs: 1_000 },
};

/**
 * The ladder, kept beside the limits of each subject as two debts that time pays: its block, and its denials. So a block
 * costs a request no trip of its own, and all processes see it.
 */
export class Escalation {
  readonly #after: number;
  readonly #blocksMs: readonly number[];
  readonly #denialsRule: LeakyBucketRule;

  /** @throws InvalidPolicyError */
  constructor({ after, blocks, forgetAfter }: EscalationOptions) {
    const problems: PolicyProblem[] = [];
    const isSpan = (given: Duration): boolean =>
      isDuration(given) && durationToMs(given) >= 1 && durationToMs(given) <= MAX_BLOCK_MS;
    if (!Number.isInteger(after) || after < 1 || after > MAX_AFTER) {
      problems.push({ path: 'after', message: `is ${String(after)}. Give a whole number from 1 to ${MAX_AFTER}` });
    }
    if (!Array.isArray(blocks) || blocks.length === 0 || !blocks.every(isSpan)) {
      problems.push({ path: 'blocks', message: `is not valid. Give durations up to '365d', such as ['1m', '10m']` });
    }
    if (!isSpan(forgetAfter)) {
      problems.push({ path: 'forgetAfter', message: `is not valid. Give a duration up to '365d', such as '1d'` });
    }
    if (problems.length > 0) throw new InvalidPolicyError('escalation', problems);
    this.#after = after;
    this.#blocksMs = blocks.map((block) => Math.ceil(durationToMs(block)));
    const perUs = Math.ceil((durationToMs(forgetAfter) * 1_000) / after);
    this.#denialsRule = {
      kind: 'leaky-bucket',
      limit: 1,
      windowUs: perUs,
      burst: 1,
      rate: { count: 1, perUs },
    };
  }

  /** Denies while the subject is blocked; takes nothing. */
  blockClaim(subject: string): LimitClaim {
    return { subject, policy: BLOCK_FIELD, rule: BLOCK_RULE, cost: 0, isShadow: false };
  }

  /** Asks how many denials are not forgotten. */
  denialsClaim(subject: string, cost = 0): LimitClaim {
    return { subject, policy: DENIALS_FIELD, rule: this.#denialsRule, cost, isShadow: true };
  }

  /** How many denials make it worth to tell the store of those that it did not see. */
  get after(): number {
    return this.#after;
  }

  /** Counts denials; who reaches the next step is blocked, by the one call that reaches it. */
  async countDenials(store: LimitStore, subject: string, count: number): Promise<NewBlock | undefined> {
    const { verdicts } = await store.penalize([this.denialsClaim(subject, count)]);
    const denials = verdicts[0]?.used ?? 0;
    const step = Math.floor(denials / this.#after);
    if (step === Math.floor((denials - count) / this.#after)) return undefined;
    const forMs = this.#blocksMs[Math.min(step, this.#blocksMs.length) - 1] ?? 0;
    // One token may be owed without a denial.
    await store.penalize([{ ...this.blockClaim(subject), cost: forMs + 1 }]);
    return { denials, forMs };
  }
}
