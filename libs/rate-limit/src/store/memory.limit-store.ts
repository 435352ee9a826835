import { SystemClock } from '@nest-strata/core';
import type { Clock } from '@nest-strata/core';
import { algorithmOf } from '../algorithms/algorithm-of.js';
import type { AnyAlgorithm } from '../algorithms/algorithm-of.js';
import type { LimitQuestion } from '../algorithms/limit-algorithm.js';
import { checkClaims } from './check-claims.js';
import { claimOfPenalty } from './claim-of-penalty.js';
import { LimitStore } from './limit-store.port.js';
import type { LimitAnswer, LimitClaim } from './limit-store.port.js';

/** How a {@link MemoryLimitStore} is to keep its limits. */
export interface MemoryLimitStoreOptions {
  /** Default: the clock of the machine. */
  readonly clock?: Clock;
  /**
   * How many subjects are kept, 1 or more; default 100 000. One more, and the one that was asked for least recently is
   * forgotten: its limits begin anew.
   */
  readonly maxSubjects?: number;
  /** What time it is when the clock says 0, in ms since 1970. Default: so that now is now. Windows begin by it. */
  readonly epochMs?: number;
}

interface KeptLimit {
  readonly mark: string;
  readonly kept: unknown;
  /** From then on it is as good as none. */
  readonly endUs: number;
}

/** A claim at one moment, with what is kept for it. */
interface Judged {
  readonly algorithm: AnyAlgorithm;
  readonly question: LimitQuestion;
  readonly claim: LimitClaim;
  readonly kept: unknown;
  readonly isConverted: boolean;
  readonly isAllowed: boolean;
}

const DEFAULT_MAX_SUBJECTS = 100_000;
/** How many subjects that may have passed are looked at with each request; with two, the passed ones cannot pile up. */
const SWEPT_PER_REQUEST = 2;

/**
 * Limits in the memory of this process: for one process, for tests, and for the time in which Redis is away. It decides
 * as {@link RedisLimitStore} does, and gives each answer before anything else happens. No timers; each request costs the
 * same however many subjects there are, but for the leases of `concurrency`, which are gone through.
 */
export class MemoryLimitStore extends LimitStore {
  readonly #clock: Clock;
  readonly #maxSubjects: number;
  readonly #epochMs: number;
  /** The one that was asked for least recently comes first. */
  readonly #subjects = new Map<string, Map<string, KeptLimit>>();

  constructor({
    clock = new SystemClock(),
    maxSubjects = DEFAULT_MAX_SUBJECTS,
    epochMs,
  }: MemoryLimitStoreOptions = {}) {
    super();
    if (!Number.isInteger(maxSubjects) || maxSubjects < 1) {
      throw new RangeError(`maxSubjects is ${maxSubjects}. Give a whole number of 1 or more.`);
    }
    this.#clock = clock;
    this.#maxSubjects = maxSubjects;
    this.#epochMs = epochMs ?? Date.now() - clock.monotonicMs();
  }

  /** How many subjects are kept now, those included whose limits have passed but not been swept. */
  get subjectCount(): number {
    return this.#subjects.size;
  }

  override async take(claims: readonly LimitClaim[]): Promise<LimitAnswer> {
    return this.takeNow(claims);
  }

  /** As {@link take}, without a promise. */
  takeNow(claims: readonly LimitClaim[]): LimitAnswer {
    checkClaims(claims);
    const nowUs = this.#nowUs();
    const judged = claims.map((claim) => this.#judge(claim, nowUs));
    const isAllowed = judged.every((one) => one.isAllowed || one.claim.isShadow);
    const verdicts = judged.map((one) => {
      const { algorithm, question, kept } = one;
      const isTaken = isAllowed && one.isAllowed;
      if (question.cost === 0) return algorithm.measure(question, algorithm.standing(question, kept), isTaken);
      if (!isTaken) {
        if (one.isConverted) this.#keep(one, kept);
        else this.#touch(question.subject);
        return algorithm.measure(question, algorithm.standing(question, kept), false);
      }
      const taken = algorithm.take(question, kept);
      this.#keep(one, taken);
      return algorithm.measure(question, algorithm.standing(question, taken), true);
    });
    this.#sweep(nowUs);
    return { isAllowed, verdicts, nowUs };
  }

  override async giveBack(claims: readonly LimitClaim[]): Promise<void> {
    checkClaims(claims);
    const nowUs = this.#nowUs();
    for (const claim of claims) {
      if (claim.cost === 0 || this.#find(claim) === undefined) continue;
      const judged = this.#judge(claim, nowUs);
      this.#keep(judged, judged.algorithm.giveBack(judged.question, judged.kept));
    }
  }

  override async penalize(claims: readonly LimitClaim[]): Promise<LimitAnswer> {
    checkClaims(claims);
    const nowUs = this.#nowUs();
    const judged = claims.map((claim) => this.#judge(claimOfPenalty(claim), nowUs));
    const verdicts = judged.map((one) => {
      const { algorithm, question } = one;
      const taken = question.cost === 0 ? one.kept : algorithm.take(question, one.kept);
      if (question.cost > 0) this.#keep(one, taken);
      const asked = { ...question, cost: 0 };
      return algorithm.measure(asked, algorithm.standing(asked, taken), false);
    });
    this.#sweep(nowUs);
    return {
      isAllowed: verdicts.every((verdict, index) => verdict.isAllowed || claims[index]?.isShadow),
      verdicts,
      nowUs,
    };
  }

  override async reset(subject: string, policies?: readonly string[]): Promise<void> {
    if (policies === undefined) this.#subjects.delete(subject);
    for (const policy of policies ?? []) this.#subjects.get(subject)?.delete(policy);
  }

  override async close(): Promise<void> {
    this.#subjects.clear();
  }

  #nowUs(): number {
    return Math.round((this.#epochMs + this.#clock.monotonicMs()) * 1_000);
  }

  #judge(claim: LimitClaim, nowUs: number): Judged {
    const { rule, subject, cost, lease, takenForUs } = claim;
    const algorithm = algorithmOf(rule);
    const question: LimitQuestion = { rule, subject, cost, nowUs, lease, takenForUs };
    const found = this.#find(claim)?.kept;
    const kept = algorithm.settle(question, found);
    const isConverted = found !== undefined && algorithm.isConverted?.(question, found) === true;
    const { isAllowed } = algorithm.measure(question, algorithm.standing(question, kept), false);
    return { algorithm, question, claim, kept, isConverted, isAllowed };
  }

  #find({ subject, policy, rule }: LimitClaim): KeptLimit | undefined {
    const found = this.#subjects.get(subject)?.get(policy);
    return found?.mark === algorithmOf(rule).mark ? found : undefined;
  }

  #keep({ algorithm, question, claim }: Judged, kept: unknown): void {
    const { resetAfterUs } = algorithm.measure(question, algorithm.standing(question, kept), true);
    const limit = { mark: algorithm.mark, kept, endUs: question.nowUs + resetAfterUs };
    const limits = this.#touch(claim.subject) ?? new Map<string, KeptLimit>();
    limits.set(claim.policy, limit);
    this.#subjects.set(claim.subject, limits);
    if (this.#subjects.size > this.#maxSubjects) this.#forgetOldest();
  }

  /** Whoever is denied stays, too: to be forgotten must not be what insisting leads to. */
  #touch(subject: string): Map<string, KeptLimit> | undefined {
    const limits = this.#subjects.get(subject);
    if (limits === undefined) return undefined;
    this.#subjects.delete(subject);
    this.#subjects.set(subject, limits);
    return limits;
  }

  #forgetOldest(): void {
    for (const subject of this.#subjects.keys()) {
      this.#subjects.delete(subject);
      return;
    }
  }

  #sweep(nowUs: number): void {
    let looked = 0;
    for (const [subject, limits] of this.#subjects) {
      if (looked++ === SWEPT_PER_REQUEST) return;
      if ([...limits.values()].every(({ endUs }) => endUs <= nowUs)) this.#subjects.delete(subject);
    }
  }
}
