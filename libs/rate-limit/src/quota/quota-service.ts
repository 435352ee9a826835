import { durationToMs, isDuration, SystemClock, SystemRandom, type Clock, type Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import { Listeners } from '../limiter/listeners.js';
import { periodAt, periodBefore, type PeriodKind } from './calendar-period.js';
import { InvalidQuotaError } from './invalid-quota.error.js';
import { MemoryQuotaStore } from './memory.quota-store.js';
import { QuotaCounting, type Counted } from './quota-counting.js';
import { problemsOfLimits, resolveQuota, type QuotaDefinition, type ResolvedQuota } from './quota-definition.js';
import type { QuotaEvent, QuotaListener } from './quota-event.js';
import { QuotaExceededError } from './quota-exceeded.error.js';
import type { QuotaQuestion, QuotaRequest, QuotaReserveRequest } from './quota-request.js';
import { QuotaReservationError } from './quota-reservation.error.js';
import type { QuotaReservation } from './quota-reservation.js';
import type { QuotaHistoryEntry, QuotaResult } from './quota-result.js';
import type { QuotaStore, QuotaTakeOutcome } from './quota-store.port.js';
import { RedisQuotaStore } from './redis.quota-store.js';

/** The name of the `node:diagnostics_channel` that every {@link QuotaEvent} is published on. */
export const QUOTA_CHANNEL = 'strata:quota';

/** What a {@link QuotaService} keeps. */
export interface QuotaServiceOptions {
  /** What its keys begin with, after `strata:`; the names from the outermost namespace on. */
  readonly namespace: string | readonly string[];
  readonly quotas?: readonly QuotaDefinition[];
}

/** What a {@link QuotaService} stands on; without Redis it counts in memory. */
export interface QuotaServiceParts {
  readonly redis?: RedisPort;
  /** Instead of `redis`: a store of your own. */
  readonly store?: QuotaStore;
  readonly clock?: Clock;
  readonly random?: Random;
}

const MAX_COST = 2 ** 43;
const MAX_ID_LENGTH = 128;
const ID_BYTES = 12;

/**
 * Counts what users use of what they are given per day, week, month or billing period. Each call is one trip to Redis, and
 * takes from all periods of a quota or from none; a request that is denied counts nothing.
 */
export class QuotaService {
  readonly #quotas = new Map<string, ResolvedQuota>();
  readonly #events = new Listeners<QuotaEvent>(QUOTA_CHANNEL);
  readonly #store: QuotaStore;
  readonly #counting: QuotaCounting;
  readonly #random: Random;

  /** @throws InvalidQuotaError */
  static create(options: QuotaServiceOptions, parts: QuotaServiceParts = {}): QuotaService {
    return new QuotaService(options, parts);
  }

  private constructor({ namespace, quotas = [] }: QuotaServiceOptions, parts: QuotaServiceParts) {
    const { redis, clock = new SystemClock(), random = new SystemRandom() } = parts;
    this.#store = parts.store ?? (redis ? new RedisQuotaStore(redis, namespace) : new MemoryQuotaStore());
    this.#counting = new QuotaCounting(this.#store, clock, this.#events);
    this.#random = random;
    for (const quota of quotas) this.define(quota);
  }

  /** Whether Redis did not answer the last time it was asked. */
  get isDegraded(): boolean {
    return this.#counting.isDegraded;
  }

  /** Declares a quota, or declares it anew: what was used stays. @throws InvalidQuotaError */
  define(definition: QuotaDefinition): void {
    const quota = resolveQuota(definition);
    this.#quotas.set(quota.name, quota);
  }

  /** Takes from a quota, if there is enough in all of its periods. */
  async consume(request: QuotaRequest): Promise<QuotaResult> {
    return this.#take(request, costOf(request), undefined);
  }

  /** As {@link consume}. @throws QuotaExceededError when there is not enough */
  async consumeOrThrow(request: QuotaRequest): Promise<QuotaResult> {
    const result = await this.consume(request);
    if (!result.isAllowed) throw new QuotaExceededError(result);
    return result;
  }

  /** How a user stands; takes nothing. */
  async usage(question: QuotaQuestion): Promise<QuotaResult> {
    return this.#take(question, 0, undefined);
  }

  /**
   * Takes for a while what is committed or cancelled later; see {@link QuotaReservation}. Repeated with the same id, it
   * gives the same reservation.
   *
   * @throws QuotaExceededError when there is not enough
   */
  async reserve(request: QuotaReserveRequest): Promise<QuotaReservation> {
    const { ttl = '5m', id = this.#random.bytes(ID_BYTES).toString('hex') } = request;
    const cost = costOf(request);
    const ttlMs = isDuration(ttl) ? Math.ceil(durationToMs(ttl)) : 0;
    if (!(ttlMs >= 1 && ttlMs < Infinity)) {
      refuse(request.quota, 'ttl', `is ${ttl}. Give a duration, such as '5m', not 'forever'`);
    }
    const result = await this.#take({ ...request, id }, cost, ttlMs);
    if (!result.isAllowed) throw new QuotaExceededError(result);
    return this.#reservation(request, id, cost, result);
  }

  /** The reservation of an id, to be settled by another process than took it; whether there is one shows then. */
  reservation(question: QuotaQuestion, id: string, cost: number): Pick<QuotaReservation, 'commit' | 'cancel'> {
    const settle = (actual: number | undefined): Promise<QuotaResult> => this.#settle(question, id, actual, false);
    return { commit: (actual = cost) => settle(actual), cancel: () => settle(undefined) };
  }

  /** Gives back, down to 0, in the periods that it is now. */
  async refund(request: QuotaRequest): Promise<QuotaResult> {
    return this.#take(request, -costOf(request), undefined);
  }

  /**
   * What was used in the last periods of one kind, the present one first. Counts are kept for as long as `keepFor` says,
   * and are 0 where nothing was counted or is kept.
   *
   * @throws RedisUnavailableError, RedisReplyError when Redis is away
   */
  async history(
    { user, quota: name }: QuotaQuestion,
    kind: PeriodKind,
    periods = 30,
  ): Promise<readonly QuotaHistoryEntry[]> {
    const quota = this.#quota(name);
    let period = periodAt(kind, await this.#store.nowMs(), quota);
    const past = [period];
    while (past.length < periods) past.push((period = periodBefore(kind, period, quota)));
    const used = await this.#store.usedIn(
      user,
      name,
      past.map(({ id }) => id),
    );
    return past.map((one, index) => ({ ...one, used: used[index] ?? 0 }));
  }

  /**
   * Forgets what a user has used in the periods that it is now, and lets their thresholds be told again. Reservations that
   * are open stay.
   *
   * @throws RedisUnavailableError, RedisReplyError when Redis is away
   */
  async reset({ user, quota: name, limits }: QuotaQuestion): Promise<void> {
    const quota = this.#quota(name);
    const counters = await this.#counting.counters(quota, limits ?? quota.limits);
    await this.#store.reset(
      user,
      name,
      counters.map(({ id }) => id),
    );
  }

  /** Hears of thresholds, denials, and of Redis going away; returns the function that stops it. */
  listen(listener: QuotaListener): () => void {
    return this.#events.listen(listener);
  }

  async #take(request: QuotaRequest, cost: number, reserveMs: number | undefined): Promise<QuotaResult> {
    const { user, quota, id, limits } = this.#check(request);
    const { rememberMs } = quota;
    const counted = await this.#counting.count<QuotaTakeOutcome>(user, quota, limits, (scope, store) =>
      store.take({ ...scope, cost, id, rememberMs, reserveMs }),
    );
    if (counted === undefined) return degraded(user, quota, quota.whenAway === 'open' || cost <= 0);
    const { outcome } = counted.standing;
    const result = resultOf(user, quota, counted, outcome !== 'denied', outcome === 'repeated', cost);
    if (!result.isAllowed && this.#events.isHeard) this.#events.emit({ type: 'denied', result });
    return result;
  }

  #reservation(question: QuotaQuestion, id: string, cost: number, result: QuotaResult): QuotaReservation {
    // Redis may know nothing of what was reserved while it was away: then what was used is counted all the same.
    const settle = (actual: number | undefined): Promise<QuotaResult> =>
      this.#settle(question, id, actual, result.isDegraded);
    return { id, cost, result, commit: (actual = cost) => settle(actual), cancel: () => settle(undefined) };
  }

  async #settle(
    question: QuotaQuestion,
    id: string,
    actual: number | undefined,
    isForced: boolean,
  ): Promise<QuotaResult> {
    const { user, quota, limits } = this.#check({ ...question, id });
    if (actual !== undefined) checkCost(quota.name, actual);
    const counted = await this.#counting.count(user, quota, limits, (scope, store) =>
      store.settle({ ...scope, id, rememberMs: quota.rememberMs, actual, isForced }),
    );
    if (counted === undefined) return degraded(user, quota, true);
    const { outcome } = counted.standing;
    if (outcome === 'cancelled') throw new QuotaReservationError(quota.name, id, 'cancelled');
    if (outcome === 'unknown' && actual !== undefined) throw new QuotaReservationError(quota.name, id, 'unknown');
    return resultOf(user, quota, counted, true, false, 0);
  }

  #check({ user, quota: name, id, limits }: QuotaRequest) {
    const quota = this.#quota(name);
    if (typeof user !== 'string' || user === '') refuse(name, 'user', `is empty. Say whose quota it is, such as '42'`);
    if (id !== undefined && (typeof id !== 'string' || id === '' || id.length > MAX_ID_LENGTH)) {
      refuse(name, 'id', `is not valid. Give 1 to ${MAX_ID_LENGTH} characters, such as a UUID`);
    }
    if (limits !== undefined && problemsOfLimits(limits).length > 0) {
      throw new InvalidQuotaError(name, problemsOfLimits(limits));
    }
    return { user, quota, id, limits: limits ?? quota.limits };
  }

  #quota(name: string): ResolvedQuota {
    const quota = this.#quotas.get(name);
    if (quota !== undefined) return quota;
    const known = [...this.#quotas.keys()].join(', ') || 'none';
    return refuse(name, 'name', `is not declared. Declared are: ${known}`);
  }
}

function costOf({ quota, cost = 1 }: QuotaRequest): number {
  return checkCost(quota, cost);
}

function checkCost(quota: string, cost: number): number {
  if (Number.isInteger(cost) && cost >= 0 && cost <= MAX_COST) return cost;
  return refuse(quota, 'cost', `is ${String(cost)}. Give a whole number from 0 to 2^43`);
}

function refuse(quota: string, path: string, message: string): never {
  throw new InvalidQuotaError(quota, [{ path, message }]);
}

function degraded(user: string, quota: ResolvedQuota, isAllowed: boolean): QuotaResult {
  const retryAfterMs = isAllowed ? 0 : AWAY_RETRY_MS;
  return { user, quota: quota.name, isAllowed, isRepeated: false, isDegraded: true, retryAfterMs, periods: [] };
}

/** When to ask again while Redis is away: by then the breaker has tried it. */
const AWAY_RETRY_MS = 1_000;

function resultOf(
  user: string,
  quota: ResolvedQuota,
  { counters, standing }: Counted<string>,
  isAllowed: boolean,
  isRepeated: boolean,
  cost: number,
): QuotaResult {
  const periods = counters.map(({ kind, id, limit, startsAtMs, endsAtMs }, index) => {
    const used = standing.used[index] ?? 0;
    const reserved = standing.reserved[index] ?? 0;
    return { kind, id, limit, used, reserved, remaining: Math.max(0, limit - used), startsAtMs, endsAtMs };
  });
  const waitsMs = periods
    .filter(({ remaining }) => !isAllowed && remaining < cost)
    .map(({ limit, endsAtMs }) => (cost > limit ? Infinity : endsAtMs - standing.nowMs));
  const retryAfterMs = Math.max(0, ...waitsMs);
  return { user, quota: quota.name, isAllowed, isRepeated, isDegraded: false, retryAfterMs, periods };
}
