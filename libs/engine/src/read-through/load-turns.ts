import type { LoadClaim } from '../authority/authority.port.js';
import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import { extraTimeMs } from '../entry/lifetime.js';
import type { ResolvedEntryOptions } from '../entry/entry-options.js';
import { reportFault } from '../events/report-fault.js';
import { LoadRun } from './load-run.js';
import type { LoadPlan, LoadServices, MissingKey } from './load-run.js';
import { LoadTimeoutError } from './load-timeout.error.js';
import { LockTimeoutError } from './lock-timeout.error.js';
import { outcomesOf } from './read-outcome.js';
import type { FoundCopy, ReadOutcome } from './read-outcome.js';
import { settleWithCopy } from './settle-with-copy.js';
import type { Flight } from './single-flight.js';
import { substituteFor } from './substitute-for.js';
import type { FillStart, TierReader } from './tier-reader.js';

/** A key that no tier has fresh, and what was there in its place. */
export interface UnclaimedKey {
  readonly flight: Flight<ReadOutcome>;
  /** A copy whose time is over, or which is being renewed. */
  readonly stale: FoundCopy | undefined;
  readonly seen: unknown;
}

/** A key whose load is said to have failed, which does not stand for who asks now. */
interface ForgivenKey {
  readonly key: UnclaimedKey;
  readonly record: unknown;
}

/** Beyond the end of a lease: Redis tells of an expiry within its cycle of 100 ms. */
const EXPIRY_SLACK_MS = 150;

/**
 * Settles who loads: of all processes that miss a key the one whose claim the authority grants, and the others wait for
 * it.
 */
export class LoadTurns {
  /** @param readAgain asks the tiers for keys of which something has changed, and loads them if they still have none */
  constructor(
    private readonly context: CacheContext,
    private readonly reader: TierReader,
    private readonly services: LoadServices,
    private readonly readAgain: (flights: readonly Flight<ReadOutcome>[], plan: LoadPlan) => Promise<void>,
  ) {}

  /** Loads here whatever is being loaded elsewhere. */
  async force(flights: readonly Flight<ReadOutcome>[], plan: LoadPlan): Promise<void> {
    const keys = flights.map(({ key }) => key);
    const asked = this.reader.begin();
    const claims = await this.#claim(keys, undefined, plan.options);
    const missing = flights.map((flight, index) => claimed({ flight, stale: undefined }, claims?.[index], claims));
    await this.#load(missing, plan, asked);
  }

  /** Loads what may be loaded here, and waits for what is being loaded elsewhere. */
  async loadOnce(missing: readonly UnclaimedKey[], isKnown: boolean, plan: LoadPlan): Promise<void> {
    const pending = isKnown ? missing.filter((key) => !this.#hasFailedBefore(key, plan.options)) : missing;
    const keys = pending.map(({ flight }) => flight.key);
    if (keys.length === 0) return;
    const asked = this.reader.begin();
    const mayClaim = isKnown && !keys.some((key) => this.#isEvictPending(key));
    const claims = mayClaim ? await this.#claim(keys, pending, plan.options) : undefined;
    const granted: MissingKey[] = [];
    const changed: Flight<ReadOutcome>[] = [];
    const forgiven: ForgivenKey[] = [];
    const others: Promise<void>[] = [];
    for (const [index, key] of pending.entries()) {
      const claim = claims?.[index];
      if (claim === undefined || claim.kind === 'granted') granted.push(claimed(key, claim, claims));
      else if (claim.kind === 'changed') changed.push(key.flight);
      else if (claim.kind === 'held') others.push(this.#awaitOther(key, claim.leftMs, asked, plan));
      else if (!this.#settleFailed(key, claim, plan.options)) forgiven.push({ key, record: claim.record });
    }
    if (granted.length > 0) others.push(this.#load(granted, plan, asked));
    if (changed.length > 0) others.push(this.readAgain(changed, plan));
    if (forgiven.length > 0) others.push(this.#forgive(forgiven, asked, plan));
    await Promise.all(others);
  }

  /**
   * In Redis the lease tells what was changed since the claim was `asked` for, and a change that is told of now may have
   * come before it: the expiry of the old value, which the read has caused. In memory alone there is but one order.
   */
  #load(missing: readonly MissingKey[], plan: LoadPlan, asked: FillStart): Promise<void> {
    const start = this.context.authority.isShared ? this.reader.begin() : asked;
    return new LoadRun(this.context, this.services, missing, plan, start).run();
  }

  /** `undefined` when the authority cannot be asked. */
  async #claim(
    keys: readonly string[],
    missing: readonly UnclaimedKey[] | undefined,
    options: ResolvedEntryOptions,
  ): Promise<LoadClaim[] | undefined> {
    const seen = missing?.map((key) => key.seen);
    try {
      return await this.context.authority.claim(keys, seen, options.tags, options.ttlMs + extraTimeMs(options));
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'claim', error);
      return undefined;
    }
  }

  /** Another load of the key is under way: its callers get a stale copy at once, or wait for the word that it has ended. */
  async #awaitOther(key: UnclaimedKey, leftMs: number, asked: FillStart, plan: LoadPlan): Promise<void> {
    const { flight, stale } = key;
    const { authority, clock, stats, keeper } = this.context;
    const { lockTimeoutMs, hardTimeoutMs } = plan.options;
    stats.loadWaits++;
    if (stale !== undefined) {
      const isStale = clock.monotonicMs() >= stale.entry.freshUntilMs;
      flight.serve(outcomesOf(stale, { tier: stale.tier, isStale }, keeper));
      flight.interim ??= { copy: stale, untilMs: stale.entry.goneAtMs };
    }
    flight.waitUntilMs ??= clock.monotonicMs() + Math.min(lockTimeoutMs, hardTimeoutMs);
    const patienceMs = flight.waitUntilMs - clock.monotonicMs();
    if (patienceMs <= 0) {
      await this.#giveUpWaiting(key, asked, plan);
      return;
    }
    flight.isWaiting = true;
    if (!this.#isChangedSince(asked.stamp, flight.key)) {
      await authority.untilReleased(flight.key, Math.min(leftMs + EXPIRY_SLACK_MS, patienceMs));
    }
    flight.isWaiting = false;
    // What the load has changed is not served for its result.
    flight.interim = undefined;
    flight.beganAtMs = clock.monotonicMs();
    if (flight.isAwaited) await this.readAgain([flight], plan);
  }

  /** A caller who waits for a loader only so long does not begin with another one then. */
  async #giveUpWaiting(key: UnclaimedKey, asked: FillStart, plan: LoadPlan): Promise<void> {
    const { flight } = key;
    const { name } = this.context;
    const { lockTimeoutMs, hardTimeoutMs, onLockTimeout } = plan.options;
    if (hardTimeoutMs <= lockTimeoutMs) {
      substituteFor(flight, new LoadTimeoutError(name, flight.key, hardTimeoutMs), plan.options, 'at last');
    } else if (onLockTimeout === 'fail') {
      substituteFor(flight, new LockTimeoutError(name, flight.key, lockTimeoutMs), plan.options, 'at last');
    } else {
      await this.#load([claimed(key, undefined, [])], plan, asked);
    }
  }

  /** The failure of another load does not stand for these, and must not keep them from being the one load of their key. */
  async #forgive(keys: readonly ForgivenKey[], asked: FillStart, plan: LoadPlan): Promise<void> {
    const { authority } = this.context;
    try {
      await Promise.all(keys.map(({ key, record }) => authority.forgive(key.flight.key, record)));
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'forgive', error);
      const missing = keys.map(({ key }) => claimed(key, undefined, []));
      await this.#load(missing, plan, asked);
      return;
    }
    const flights = keys.map(({ key }) => key.flight);
    await this.readAgain(flights, plan);
  }

  /** Whether the load failed a moment ago in this process, and that stands for this one. */
  #hasFailedBefore(key: UnclaimedKey, options: ResolvedEntryOptions): boolean {
    const failure = this.services.failures.find(key.flight.key);
    return failure !== undefined && this.#settleFailed(key, failure, options);
  }

  #settleFailed(
    { flight, stale }: UnclaimedKey,
    { error, isShared }: { readonly error: unknown; readonly isShared: boolean },
    options: ResolvedEntryOptions,
  ): boolean {
    if (stale !== undefined) settleWithCopy(flight, stale, this.context.keeper, true);
    else if (isShared) substituteFor(flight, error, options, 'at last');
    else return false;
    return true;
  }

  /** What is heard of a key is heard by the name that Redis has for it. */
  #isChangedSince(stamp: number, key: string): boolean {
    const { memory, keySpace } = this.context;
    return memory.changes.isChangedHere(key, stamp) || memory.changes.isOutdated(keySpace.listedKey(key), stamp);
  }

  #isEvictPending(key: string): boolean {
    const { evicted } = this.context.recovery;
    return !evicted.isEmpty && evicted.blocksKey(key);
  }
}

function claimed(
  { flight, stale }: Pick<UnclaimedKey, 'flight' | 'stale'>,
  claim: LoadClaim | undefined,
  claims: readonly LoadClaim[] | undefined,
): MissingKey {
  const ticket = claim?.kind === 'granted' ? claim.ticket : undefined;
  return { flight, stale, ticket, isAuthorityAway: claims === undefined };
}
