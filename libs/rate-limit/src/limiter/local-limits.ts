import type { Clock } from '@nest-strata/core';
import { MemoryLimitStore } from '../store/memory.limit-store.js';
import type { LimitClaim, LimitStore, LimitVerdict } from '../store/limit-store.port.js';
import { claimOf, resultOf, type AskedLimit } from './asked-limit.js';
import { neverClaim } from './never-claim.js';
import type { PolicyResult } from './rate-limit-result.js';
import { isRedisAway, mayBeDone } from './redis-away.js';

/** When to ask again where Redis is away and a policy is closed: by then the breaker has tried it. */
const AWAY_RETRY_MS = 1_000;

/** What became of the reconciliation. */
export interface Reconciliation {
  readonly subjects: number;
  readonly taken: number;
  /** Taken locally, and not known to be counted in Redis. */
  readonly lost: number;
}

/**
 * Judges while Redis is away, each policy as its `whenAway` says, and remembers what `local` policies gave, to be counted
 * in Redis when it is back.
 */
export class LocalLimits {
  readonly #store: MemoryLimitStore;
  readonly #maxSubjects: number;
  /** By subject, then by policy: what was taken here and Redis does not know of. */
  readonly #spent = new Map<string, Map<string, AskedLimit>>();

  constructor(clock: Clock, maxSubjects: number) {
    this.#store = new MemoryLimitStore({ clock, maxSubjects });
    this.#maxSubjects = maxSubjects;
  }

  /** Whether something was taken here that Redis does not know of. */
  get hasSpent(): boolean {
    return this.#spent.size > 0;
  }

  /** Judges a request, and takes all or nothing from the `local` ones; with `isQuestion` it only asks. */
  judge(asked: readonly AskedLimit[], lease: string | undefined, isQuestion: boolean): PolicyResult[] {
    const isClosed = asked.some(({ policy }) => policy.whenAway === 'closed' && !policy.isShadow);
    const local = asked.filter(({ policy }) => policy.whenAway === 'local');
    const claims = local.map((one) => claimOf(one, lease, true));
    const [first] = claims;
    if ((isClosed || isQuestion) && first !== undefined) claims.push(neverClaim(first.subject));
    const { isAllowed, verdicts } = this.#store.takeNow(claims);
    if (isAllowed) {
      for (const [index, one] of local.entries()) if (verdicts[index]?.isAllowed) this.#note(one);
    }
    const verdictOf = new Map(local.map((one, index) => [one, verdicts[index]]));
    return asked.map((one) => {
      const verdict = verdictOf.get(one) ?? verdictWithout(one);
      const result = resultOf(one, verdict, 'fallback', true);
      return one.policy.whenAway === 'closed' ? { ...result, denial: 'redis-away' } : result;
    });
  }

  /** Takes from the `local` ones without asking. */
  async penalize(asked: readonly AskedLimit[]): Promise<void> {
    const local = asked.filter(({ policy }) => policy.whenAway === 'local');
    await this.#store.penalize(local.map((one) => claimOf(one, undefined, true)));
    for (const one of local) this.#note(one);
  }

  async giveBack(claims: readonly LimitClaim[]): Promise<void> {
    await this.#store.giveBack(claims);
  }

  async reset(subject: string, policies?: readonly string[]): Promise<void> {
    await this.#store.reset(subject, policies);
    if (policies === undefined) this.#spent.delete(subject);
    for (const policy of policies ?? []) this.#spent.get(subject)?.delete(policy);
  }

  /**
   * Takes in the store what was taken here and still counts, even beyond the limit. What the store does not get is kept
   * for the next time; what it may have got is not sent twice.
   */
  async reconcile(store: LimitStore): Promise<Reconciliation> {
    const spent = [...this.#spent];
    this.#spent.clear();
    const outcomes = await Promise.all(spent.map(([subject, limits]) => this.#settle(store, subject, limits)));
    return {
      subjects: outcomes.filter(({ taken }) => taken > 0).length,
      taken: outcomes.reduce((sum, { taken }) => sum + taken, 0),
      lost: outcomes.reduce((sum, { lost }) => sum + lost, 0),
    };
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  async #settle(
    store: LimitStore,
    subject: string,
    limits: ReadonlyMap<string, AskedLimit>,
  ): Promise<{ taken: number; lost: number }> {
    const asked = [...limits.values()];
    const peeks = asked.map((one) => claimOf({ ...one, cost: 0 }, undefined, true));
    const { verdicts } = this.#store.takeNow(peeks);
    const claims = asked
      .map((one, index) => claimOf({ ...one, cost: verdicts[index]?.used ?? 0 }, undefined))
      .filter(({ cost }) => cost > 0);
    const sum = claims.reduce((total, { cost }) => total + cost, 0);
    try {
      if (claims.length > 0) await store.penalize(claims);
    } catch (error) {
      if (!isRedisAway(error)) throw error;
      if (!mayBeDone(error)) {
        for (const one of asked) this.#note(one);
        return { taken: 0, lost: 0 };
      }
      await this.#store.reset(subject, [...limits.keys()]);
      return { taken: 0, lost: sum };
    }
    await this.#store.reset(subject, [...limits.keys()]);
    return { taken: sum, lost: 0 };
  }

  #note(asked: AskedLimit): void {
    const { policy, subject, cost } = asked;
    // Places end by themselves, and nobody gives them back in Redis.
    if (cost === 0 || policy.rule.kind === 'concurrency') return;
    const limits = this.#spent.get(subject) ?? new Map<string, AskedLimit>();
    limits.set(policy.name, asked);
    this.#spent.delete(subject);
    this.#spent.set(subject, limits);
    if (this.#spent.size > this.#maxSubjects) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const subject of this.#spent.keys()) {
      this.#spent.delete(subject);
      return;
    }
  }
}

function verdictWithout({ policy }: AskedLimit): LimitVerdict {
  const isClosed = policy.whenAway === 'closed';
  return {
    isAllowed: !isClosed,
    used: 0,
    remaining: isClosed ? 0 : policy.limit,
    retryAfterUs: isClosed ? AWAY_RETRY_MS * 1_000 : 0,
    resetAfterUs: 0,
    waitUs: 0,
  };
}
