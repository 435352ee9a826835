import { SystemClock, SystemRandom, type Clock, type Random } from '@nest-strata/core';
import type { CompiledPolicy } from '../policy/compiled-policy.js';
import { PolicyBook } from '../policy/policy-book.js';
import type { LimitClaim, LimitStore } from '../store/limit-store.port.js';
import { MemoryLimitStore } from '../store/memory.limit-store.js';
import { RedisLimitStore } from '../store/redis.limit-store.js';
import { AdvanceLeases } from './advance-leases.js';
import { claimOf, limitsAskedBy, wantsPlaces, type AskedLimit } from './asked-limit.js';
import { BlockLadder, blockResult } from './block-ladder.js';
import { BlockedSubjects, WHOLE_SUBJECT } from './blocked-subjects.js';
import { Escalation } from './escalation.js';
import { explain, type RateLimitExplanation } from './explanation.js';
import { conclude, LimitJudge, type Judgement } from './limit-judge.js';
import { Listeners } from './listeners.js';
import { LocalLimits } from './local-limits.js';
import { RATE_LIMIT_CHANNEL, type RateLimitEvent, type RateLimitListener } from './rate-limit-event.js';
import { RateLimitExceededError } from './rate-limit-exceeded.error.js';
import type { RateLimitQuestion, RateLimitRequest, RateLimitRunRequest } from './rate-limit-request.js';
import type { PolicyResult, RateLimitResult } from './rate-limit-result.js';
import {
  resolveLimiterOptions,
  type RateLimiterOptions,
  type RateLimiterParts,
  type ResolvedLimiterOptions,
} from './rate-limiter-options.js';
import type { Offender } from './top-offenders.js';
import { runWithin } from './run-within.js';
import { Violations, type PolicyViolations } from './violations.js';

const LEASE_BYTES = 12;

/**
 * Limits how often something may be done. All limits of a request are one trip to Redis: either every one admits it and is
 * taken from, or nothing is. A request that is denied costs nothing.
 *
 * No fault of Redis is thrown at callers, but by {@link reset}: while it is away each policy decides as its `whenAway`
 * says, within the deadline of the connection, and results have `isDegraded`.
 *
 * @example
 * const limiter = RateLimiter.create(
 *   { namespace: 'app', policies: [{ name: 'burst', algorithm: 'leaky-bucket', limit: 100, window: '1m' }] },
 *   { redis },
 * );
 * const { isAllowed, retryAfterMs } = await limiter.consume({ subject: 'user:42' });
 */
export class RateLimiter {
  readonly #options: ResolvedLimiterOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #book: PolicyBook;
  readonly #events = new Listeners<RateLimitEvent>(RATE_LIMIT_CHANNEL);
  readonly #blocked: BlockedSubjects;
  readonly #violations: Violations;
  readonly #store: LimitStore;
  readonly #judge: LimitJudge;
  readonly #escalation: Escalation | undefined;
  readonly #ladder: BlockLadder | undefined;
  readonly #leases: AdvanceLeases | undefined;

  /** @throws InvalidPolicyError */
  static create(options: RateLimiterOptions, parts: RateLimiterParts = {}): RateLimiter {
    return new RateLimiter(resolveLimiterOptions(options), parts);
  }

  private constructor(options: ResolvedLimiterOptions, parts: RateLimiterParts) {
    const { namespace, policies, whenAway, localShare, maxLocalSubjects: maxSubjects, escalation } = options;
    const { redis, clock = new SystemClock(), random = new SystemRandom() } = parts;
    this.#options = options;
    this.#clock = clock;
    this.#random = random;
    this.#book = new PolicyBook(policies, whenAway, localShare);
    this.#blocked = new BlockedSubjects(options.maxBlockedSubjects, options.trustBlockedForMs, clock);
    this.#violations = new Violations(options.maxOffenders);
    this.#store =
      parts.store ?? (redis ? new RedisLimitStore(redis, { namespace }) : new MemoryLimitStore({ clock, maxSubjects }));
    this.#escalation = escalation && new Escalation(escalation);
    this.#ladder = this.#escalation && new BlockLadder(this.#escalation, this.#store, this.#blocked, this.#events);
    this.#judge = new LimitJudge({
      store: this.#store,
      source: this.#store instanceof MemoryLimitStore ? 'memory' : 'redis',
      local: new LocalLimits(clock, maxSubjects),
      escalation: this.#escalation,
      events: this.#events,
      redis,
    });
    this.#leases = options.advance && new AdvanceLeases(options.advance, this.#judge, clock);
  }

  /** Whether Redis did not answer the last time it was asked. */
  get isDegraded(): boolean {
    return this.#judge.isDegraded;
  }

  /** Whether a request would pass now; takes nothing, and is counted nowhere. */
  async check(request: RateLimitRequest): Promise<RateLimitResult> {
    const asked = await this.#asked(request);
    const lease = request.lease ?? (wantsPlaces(asked) ? '~check' : undefined);
    return conclude(await this.#judge.judge(asked, lease, true), asked);
  }

  /**
   * Takes what a request costs from all of its limits, or from none. In a leaky queue the request has its turn after
   * `waitMs`; {@link run} waits for it.
   *
   * @throws InvalidClaimError, InvalidPolicyError, UnknownPolicyError for a request that cannot be judged
   */
  async consume(request: RateLimitRequest): Promise<RateLimitResult> {
    const selected = this.#policiesOf(request);
    const asked = limitsAskedBy(request, selected instanceof Promise ? await selected : selected);
    return this.#knownDenial(asked) ?? (await this.#take(request, asked)).result;
  }

  /** As {@link consume}. @throws RateLimitExceededError when it is denied */
  async consumeOrThrow(request: RateLimitRequest): Promise<RateLimitResult> {
    const result = await this.consume(request);
    if (!result.isAllowed) throw new RateLimitExceededError(result);
    return result;
  }

  /**
   * Does work within the limits: takes, waits for its turn, renews the places while it works, and gives them back in the
   * end. An aborted wait gives back what was taken.
   *
   * @throws RateLimitExceededError when it is denied; the reason of the signal when the wait is aborted
   */
  async run<T>(request: RateLimitRunRequest, work: (result: RateLimitResult) => T | Promise<T>): Promise<T> {
    request.signal?.throwIfAborted();
    const asked = await this.#asked(request);
    const known = this.#knownDenial(asked);
    if (known !== undefined) throw new RateLimitExceededError(known);
    const { result, taken: takenBy } = await this.#take(request, asked);
    if (!result.isAllowed) throw new RateLimitExceededError(result);
    const taken = takenBy();
    const giveBack = (claims: readonly LimitClaim[]): Promise<void> => this.#judge.giveBack(claims, result.isDegraded);
    const renew = async (claims: readonly LimitClaim[]): Promise<void> => {
      if (!result.isDegraded) await this.#store.take(claims);
    };
    const onError = (error: unknown): void => this.#events.emit({ type: 'error', error });
    return runWithin({ result, taken, work, giveBack, renew, onError, clock: this.#clock, signal: request.signal });
  }

  /** Gives back the places that were taken under a lease; nothing happens if they have ended. */
  async release(request: RateLimitQuestion & { readonly lease: string }): Promise<void> {
    const asked = await this.#asked(request);
    const places = asked.filter((one) => wantsPlaces([one]));
    for (const isLocal of [true, false]) {
      await this.#judge.giveBack(
        places.map((one) => claimOf(one, request.lease, isLocal)),
        isLocal,
      );
    }
  }

  /** Takes without asking, even beyond a limit: a debt that time pays. Places are not taken. */
  async penalize(request: RateLimitRequest): Promise<RateLimitResult> {
    const asked = await this.#asked(request);
    return conclude(await this.#judge.penalize(asked), asked);
  }

  /** Gives back what was taken, as far as it still counts; while Redis is away nothing is. Places: {@link release}. */
  async reward(request: RateLimitRequest): Promise<void> {
    const asked = (await this.#asked(request)).filter(({ policy }) => policy.rule.kind !== 'concurrency');
    await this.#judge.giveBack(
      asked.map((one) => claimOf(one, undefined)),
      false,
    );
    for (const { subject } of asked) this.#blocked.forget(subject);
  }

  /**
   * Forgets what a subject has used of some policies, or of all and that it is blocked. Other processes that know it to be
   * blocked notice within `blocked.trustFor`.
   *
   * @throws RedisUnavailableError, RedisReplyError when Redis is away
   */
  async reset(subject: string, policies?: readonly string[]): Promise<void> {
    this.#blocked.forget(subject);
    await this.#leases?.giveBack(subject);
    await this.#judge.reset(subject, policies);
    this.#blocked.forget(subject);
  }

  /** How a subject stands with each policy; takes nothing. `isAllowed` says that it owes nothing beyond a limit. */
  async status(question: RateLimitQuestion): Promise<RateLimitResult> {
    const asked = await this.#asked({ ...question, cost: 0 });
    return conclude(await this.#judge.judge(asked, undefined, false), asked);
  }

  /** Why a request would pass or not, in words for people, with what they are made of. Takes nothing. */
  async explain(request: RateLimitRequest): Promise<RateLimitExplanation> {
    const result = await this.check(request);
    return explain(result, this.isDegraded);
  }

  /** How often each policy has denied in this process. */
  violations(): readonly PolicyViolations[] {
    return this.#violations.list();
  }

  /** Who was denied most often in this process, the most first; approximately, in fixed memory. */
  topOffenders(count = 10): readonly Offender[] {
    return this.#violations.offenders(count);
  }

  /** Hears of what happens; returns the function that stops it. */
  listen(listener: RateLimitListener): () => void {
    return this.#events.listen(listener);
  }

  /** Ends what is under way; what is stored stays, and so does the connection. */
  async close(): Promise<void> {
    await this.#ladder?.settled();
    await this.#leases?.giveBack();
    await this.#judge.close();
    await this.#store.close();
    this.#blocked.clear();
  }

  async #take(
    request: RateLimitRequest,
    asked: readonly AskedLimit[],
  ): Promise<{ result: RateLimitResult } & Pick<Judgement, 'taken'>> {
    const lease = request.lease ?? (wantsPlaces(asked) ? this.#random.bytes(LEASE_BYTES).toString('hex') : undefined);
    const judgement = (await this.#leases?.take(asked)) ?? (await this.#judge.judge(asked, lease, false));
    const result = conclude(judgement, asked, lease);
    this.#remember(asked, judgement);
    this.#observe(result, asked, false);
    return { result, taken: judgement.taken };
  }

  async #asked(request: RateLimitRequest): Promise<readonly AskedLimit[]> {
    return limitsAskedBy(request, await this.#policiesOf(request));
  }

  #policiesOf({
    policies,
    subject,
    context,
  }: RateLimitQuestion): readonly CompiledPolicy[] | Promise<readonly CompiledPolicy[]> {
    if (policies !== undefined) return this.#book.select(policies);
    const { resolve } = this.#options;
    if (resolve === undefined) return this.#book.declared;
    const selection = resolve({ subject, context });
    return selection instanceof Promise
      ? selection.then((resolved) => this.#book.select(resolved))
      : this.#book.select(selection);
  }

  /** The answer from memory, where one is known; it is counted as any other. */
  #knownDenial(asked: readonly AskedLimit[]): RateLimitResult | undefined {
    if (this.#blocked.size === 0) return undefined;
    let denials: PolicyResult[] | undefined;
    let blockedForMs = 0;
    for (const { policy, subject, cost } of asked) {
      const denial = policy.isShadow ? undefined : this.#blocked.find(subject, policy.revision, cost);
      if (denial !== undefined) (denials ??= []).push(denial);
      if (this.#escalation !== undefined) {
        const block = this.#blocked.find(subject, WHOLE_SUBJECT, 0);
        blockedForMs = Math.max(blockedForMs, block?.retryAfterMs ?? 0);
      }
    }
    if (denials === undefined && blockedForMs === 0) return undefined;
    const result = conclude({ results: denials ?? [], blockedForMs, taken: () => [], isDegraded: false }, asked);
    this.#observe(result, asked, true);
    return result;
  }

  #remember(asked: readonly AskedLimit[], { results, blockedForMs, isDegraded }: Judgement): void {
    if (isDegraded) return;
    results.forEach((result, index) => {
      const one = asked[index];
      // A place may be given back at any time.
      if (result.isAllowed || one === undefined || one.policy.rule.kind === 'concurrency') return;
      this.#blocked.note(result, one.policy.revision, one.cost);
    });
    const subjects = new Set(asked.map(({ subject }) => subject));
    // With several subjects nobody can tell here which of them is blocked.
    if (blockedForMs > 0 && subjects.size === 1) {
      for (const subject of subjects) this.#blocked.note(blockResult(subject, blockedForMs), WHOLE_SUBJECT, 0);
    }
  }

  #observe(result: RateLimitResult, asked: readonly AskedLimit[], isFromMemory: boolean): void {
    if (!result.isAllowed || result.policies.some(({ isShadowDenial }) => isShadowDenial)) {
      this.#violations.count(result);
    }
    if (result.isBlocked) {
      for (const subject of new Set(asked.map((one) => one.subject))) this.#violations.countBlocked(subject);
    } else if (!result.isAllowed && !result.isDegraded) {
      const denied = result.policies.filter(({ isAllowed }) => !isAllowed);
      for (const subject of new Set(denied.map((one) => one.subject))) this.#ladder?.countDenial(subject, isFromMemory);
    }
    if (!this.#events.isHeard) return;
    this.#events.emit({ type: result.isAllowed ? 'allowed' : 'denied', result });
    for (const one of result.policies) {
      if (one.isShadowDenial) this.#events.emit({ type: 'shadow-denied', result: one });
    }
  }
}
