import type { RedisPort } from '@nest-strata/redis';
import type { LimitAnswer, LimitClaim, LimitStore } from '../store/limit-store.port.js';
import { claimOf, resultOf, type AskedLimit } from './asked-limit.js';
import type { Escalation } from './escalation.js';
import type { Listeners } from './listeners.js';
import type { LocalLimits } from './local-limits.js';
import { neverClaim } from './never-claim.js';
import type { RateLimitEvent } from './rate-limit-event.js';
import type { PolicyResult, RateLimitResult, RateLimitSource } from './rate-limit-result.js';
import { isRedisAway } from './redis-away.js';

/** What the limits of a request say. */
export interface Judgement {
  readonly results: readonly PolicyResult[];
  /** For how long the subject is blocked; 0: it is not. */
  readonly blockedForMs: number;
  /** What was taken, as it would be given back; few want to know. */
  readonly taken: () => readonly LimitClaim[];
  readonly isDegraded: boolean;
}

/** What a judge is made of. */
export interface LimitJudgeParts {
  readonly store: LimitStore;
  readonly source: RateLimitSource;
  readonly local: LocalLimits;
  readonly escalation: Escalation | undefined;
  readonly events: Listeners<RateLimitEvent>;
  readonly redis: RedisPort | undefined;
}

/**
 * Asks the store, all limits of a request at once; lets each policy decide for itself while Redis is away, and counts in
 * Redis what was given meanwhile when it is back.
 */
export class LimitJudge {
  readonly #parts: LimitJudgeParts;
  readonly #stopListening: (() => void) | undefined;
  #isDegraded = false;
  #reconciling: Promise<void> | undefined;

  constructor(parts: LimitJudgeParts) {
    this.#parts = parts;
    this.#stopListening = parts.redis?.onStateChange((state) => {
      if (state === 'ready') this.#reconcile();
    });
  }

  get isDegraded(): boolean {
    return this.#isDegraded;
  }

  /** Judges all limits of a request; takes all or nothing, or with `isQuestion` nothing. */
  async judge(asked: readonly AskedLimit[], lease: string | undefined, isQuestion: boolean): Promise<Judgement> {
    const { store, source, local, escalation } = this.#parts;
    const claims = asked.map((one) => claimOf(one, lease));
    const besides = this.#claimsBesides(asked, isQuestion);
    const answer = await this.#ask(() => store.take(besides.length === 0 ? claims : [...claims, ...besides]));
    if (answer === undefined) {
      const results = local.judge(asked, lease, isQuestion);
      const isTaken = !isQuestion && results.every(({ isAllowed }) => isAllowed);
      const taken = (): LimitClaim[] =>
        asked.filter(({ policy }) => isTaken && policy.whenAway === 'local').map((one) => claimOf(one, lease, true));
      return { results, blockedForMs: 0, taken, isDegraded: true };
    }
    const results = asked.map((one, index) => resultOf(one, verdictAt(answer, index), source, false));
    let blockedForUs = 0;
    if (escalation !== undefined) {
      for (const { retryAfterUs } of answer.verdicts.slice(claims.length, claims.length + besides.length)) {
        if (retryAfterUs < Infinity) blockedForUs = Math.max(blockedForUs, retryAfterUs);
      }
    }
    const taken = (): readonly LimitClaim[] => (answer.isAllowed ? takenOf(claims, answer) : []);
    return { results, blockedForMs: Math.ceil(blockedForUs / 1_000), taken, isDegraded: false };
  }

  /** Takes without asking. */
  async penalize(asked: readonly AskedLimit[]): Promise<Judgement> {
    const { store, source, local } = this.#parts;
    const answer = await this.#ask(() => store.penalize(asked.map((one) => claimOf(one, undefined))));
    if (answer !== undefined) {
      const results = asked.map((one, index) => resultOf(one, verdictAt(answer, index), source, false));
      return { results, blockedForMs: 0, taken: nothing, isDegraded: false };
    }
    await local.penalize(asked);
    const results = local.judge(
      asked.map((one) => ({ ...one, cost: 0 })),
      undefined,
      true,
    );
    return { results, blockedForMs: 0, taken: nothing, isDegraded: true };
  }

  /** Gives back claims; those that were taken locally, with `isLocal`. While Redis is away nothing is. */
  async giveBack(claims: readonly LimitClaim[], isLocal: boolean): Promise<void> {
    const { store, local } = this.#parts;
    if (isLocal) return local.giveBack(claims);
    if (claims.length > 0) await this.#ask(() => store.giveBack(claims));
  }

  /** @throws RedisUnavailableError, RedisReplyError when Redis is away */
  async reset(subject: string, policies: readonly string[] | undefined): Promise<void> {
    const { store, local } = this.#parts;
    await local.reset(subject, policies);
    await store.reset(subject, policies);
  }

  async close(): Promise<void> {
    this.#stopListening?.();
    await this.#reconciling;
    await this.#parts.local.close();
  }

  /** The blocks of the subjects, and for a question the claim that lets nothing be taken. */
  #claimsBesides(asked: readonly AskedLimit[], isQuestion: boolean): readonly LimitClaim[] {
    const { escalation } = this.#parts;
    const besides: LimitClaim[] = [];
    if (escalation !== undefined) {
      for (const subject of new Set(asked.map((one) => one.subject))) besides.push(escalation.blockClaim(subject));
    }
    const [first] = asked;
    // It never passes, so its wait is Infinity, which that of a block is not.
    if (isQuestion && first !== undefined) besides.push(neverClaim(first.subject));
    return besides;
  }

  /** `undefined` while Redis is away. */
  async #ask<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      const answer = await ask();
      this.#becomeDegraded(false);
      return answer;
    } catch (error) {
      if (!isRedisAway(error)) throw error;
      this.#becomeDegraded(true, error);
      return undefined;
    }
  }

  #becomeDegraded(isDegraded: boolean, error?: unknown): void {
    if (this.#isDegraded !== isDegraded) {
      this.#isDegraded = isDegraded;
      this.#parts.events.emit(isDegraded ? { type: 'degraded', error } : { type: 'recovered' });
    }
    if (!isDegraded) this.#reconcile();
  }

  #reconcile(): void {
    const { local, store, events } = this.#parts;
    if (!local.hasSpent || this.#reconciling !== undefined) return;
    this.#reconciling = local
      .reconcile(store)
      .then((outcome) => {
        if (outcome.taken > 0 || outcome.lost > 0) events.emit({ type: 'reconciled', ...outcome });
      })
      .catch((error: unknown) => events.emit({ type: 'error', error }))
      .finally(() => {
        this.#reconciling = undefined;
      });
  }
}

const nothing = (): readonly LimitClaim[] => [];

function takenOf(claims: readonly LimitClaim[], answer: LimitAnswer): readonly LimitClaim[] {
  return claims
    .map((claim, index) => ({ ...claim, takenForUs: answer.nowUs + verdictAt(answer, index).waitUs }))
    .filter((_, index) => verdictAt(answer, index).isAllowed);
}

function verdictAt({ verdicts }: LimitAnswer, index: number): LimitAnswer['verdicts'][number] {
  const verdict = verdicts[index];
  if (verdict === undefined) throw new TypeError(`The store gave no verdict on claim ${index}.`);
  return verdict;
}

/** What a judgement means for the request. */
export function conclude(
  { results, blockedForMs, isDegraded }: Judgement,
  asked: readonly AskedLimit[],
  lease?: string,
): RateLimitResult {
  let retryAfterMs = blockedForMs;
  let waitMs = 0;
  let isAllowed = blockedForMs === 0;
  for (const result of results) {
    if (!result.isAllowed) {
      isAllowed = false;
      retryAfterMs = Math.max(retryAfterMs, result.retryAfterMs);
    }
    waitMs = Math.max(waitMs, result.waitMs);
  }
  return {
    isAllowed,
    isBlocked: blockedForMs > 0,
    retryAfterMs,
    waitMs: isAllowed ? waitMs : 0,
    lease: isAllowed ? lease : undefined,
    isDegraded,
    policies: results,
    declared: asked.map(({ policy }) => policy.policy),
  };
}
