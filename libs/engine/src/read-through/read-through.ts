import type { LoadClaim } from '../authority/authority.port.js';
import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import { extraTimeMs } from '../entry/lifetime.js';
import type { ResolvedEntryOptions } from '../entry/entry-options.js';
import { resolveEntryOptions } from '../entry/resolve-entry-options.js';
import { reportFault } from '../events/report-fault.js';
import { judgeFreshness, slideAtMs } from '../freshness/freshness.policy.js';
import { isBeingLoadedBy } from './load-lineage.js';
import { LoadRun, substituteFor } from './load-run.js';
import type { LoadPlan, LoadServices, MissingKey } from './load-run.js';
import type { BatchLoader, LoadOptions } from './loader.js';
import { LoadTimeoutError } from './load-timeout.error.js';
import { LockTimeoutError } from './lock-timeout.error.js';
import { outcomesOf } from './read-outcome.js';
import { settleWithCopy } from './settle-with-copy.js';
import type { FoundCopy, ReadOutcome } from './read-outcome.js';
import { RecursiveLoadError } from './recursive-load.error.js';
import { Flight } from './single-flight.js';
import type { FillStart, Reading, TierReader } from './tier-reader.js';

/** A key that no tier has fresh, and what was there in its place. */
interface UnclaimedKey {
  readonly flight: Flight<ReadOutcome>;
  /** A copy whose time is over, or which is being renewed. */
  readonly stale: FoundCopy | undefined;
  readonly seen: unknown;
}

/** Beyond the end of a lease: Redis tells of an expiry within its cycle of 100 ms. */
const EXPIRY_SLACK_MS = 150;

/**
 * The one path of every read that may load: freshness, single flight, the authority, the claim to load, the loader, the
 * stores.
 *
 * One key is a batch of one. Callers that ask for the same key meanwhile share its flight, whichever call started it.
 * Memory was asked before: a hit there of which nothing is to be decided needs none of this.
 */
export class ReadThrough {
  constructor(
    private readonly context: CacheContext,
    private readonly reader: TierReader,
    private readonly services: LoadServices,
  ) {}

  /**
   * The values under `keys`, of which none is repeated: one promise per key.
   *
   * @throws RecursiveLoadError when called, however deep, by the loader of one of the keys
   */
  resolve(keys: readonly string[], loader: BatchLoader<unknown>, given?: LoadOptions): Promise<ReadOutcome>[] {
    const options = resolveEntryOptions(this.context.options, given);
    const isForced = given?.forceRefresh === true;
    given?.signal?.throwIfAborted();
    for (const key of keys) if (isBeingLoadedBy(this, key)) throw new RecursiveLoadError(this.context.name, key);

    const plan = { owner: this, loader, options };
    const started: Flight<ReadOutcome>[] = [];
    const outcomes = keys.map((key) => {
      const atOnce = isForced ? undefined : (this.#fromMemory(key, plan) ?? this.#fromInterim(key));
      if (atOnce !== undefined) return Promise.resolve(atOnce);
      let flight = isForced ? undefined : this.services.flights.find(key);
      if (flight === undefined) started.push((flight = this.#start(key, isForced)));
      return flight.join(given?.signal);
    });
    if (started.length > 0) void (isForced ? this.#force(started, plan) : this.#run(started, plan));
    return outcomes;
  }

  /** What the tiers have of some keys, for who has no loader: a stale copy is no value then. */
  async peek(keys: readonly string[]): Promise<(ReadOutcome | undefined)[]> {
    const options = resolveEntryOptions(this.context.options, undefined);
    const nowMs = this.context.clock.monotonicMs();
    const inMemory = keys.map((key) => this.#findCopy(key));
    const missing = keys.filter((_, index) => !isFresh(inMemory[index], nowMs));
    const { copies } = missing.length === 0 ? { copies: [] } : await this.reader.askAuthority(missing);
    let taken = 0;
    return keys.map((key, index) => {
      const copy = isFresh(inMemory[index], nowMs) ? inMemory[index] : copies[taken++];
      if (!isFresh(copy, this.context.clock.monotonicMs())) return undefined;
      this.#slide(key, copy, options);
      return { tier: copy.tier, isStale: false, value: this.context.keeper.present(copy, !copy.isHeld) };
    });
  }

  #findCopy(key: string): FoundCopy | undefined {
    const copy = this.context.memory.findTrusted(key);
    if (copy === undefined) return undefined;
    return { value: copy.value, isCopiedOnRead: copy.isCopiedOnRead, isHeld: true, tier: 'memory', entry: copy };
  }

  /** What memory has and Redis too, if it may be served; what of it is to be renewed is renewed in the background. */
  #fromMemory(key: string, plan: LoadPlan): ReadOutcome | undefined {
    const found = this.#findCopy(key);
    if (found === undefined) return undefined;
    const freshness = this.#judge(found, plan.options);
    if (freshness === 'fallback' || freshness === 'gone') return undefined;
    if (freshness !== 'fresh') this.#renewInBackground(key, found, plan);
    this.#slide(key, found, plan.options);
    return this.#outcomeOf(found, freshness === 'revalidate');
  }

  /** What is served while the load of something newer is under way. */
  #fromInterim(key: string): ReadOutcome | undefined {
    const interim = this.services.flights.find(key)?.interim;
    const nowMs = this.context.clock.monotonicMs();
    if (interim === undefined || nowMs >= interim.untilMs) return undefined;
    return this.#outcomeOf(interim.copy, nowMs >= interim.copy.entry.freshUntilMs);
  }

  /** A forced load is the newest truth, so what is on its way already is outdated. */
  #start(key: string, isForced: boolean): Flight<ReadOutcome> {
    if (isForced) this.context.memory.changes.changeKey(key);
    const flight = new Flight<ReadOutcome>(key);
    flight.onAbandoned = () => this.services.flights.land(flight);
    this.services.flights.start(flight);
    return flight;
  }

  /** Loads a key whose copy is served meanwhile, unless somebody does already. */
  #renewInBackground(key: string, copy: FoundCopy, plan: LoadPlan): void {
    if (this.services.flights.find(key) !== undefined) return;
    const flight = this.#start(key, false);
    flight.goOnInBackground();
    void this.#guard([flight], async () => {
      const { copies, seen, isKnown } = await this.reader.askAuthority([key], this.reader.begin(), plan.options.tags);
      // Memory may lag behind: somebody else has renewed or evicted it.
      const isSame = isKnown && copies[0]?.entry.writeId === copy.entry.writeId;
      if (isSame) await this.#loadOnce([{ flight, stale: copy, seen: seen[0] }], true, plan);
      else if (flight.isAwaited) await this.#run([flight], plan);
    });
  }

  async #force(flights: readonly Flight<ReadOutcome>[], plan: LoadPlan): Promise<void> {
    await this.#guard(flights, async () => {
      const keys = flights.map(({ key }) => key);
      const asked = this.reader.begin();
      const claims = await this.#claim(keys, undefined, plan.options);
      const missing = flights.map((flight, index) => claimed({ flight, stale: undefined }, claims?.[index], claims));
      await this.#load(missing, plan, asked);
    });
  }

  async #run(flights: readonly Flight<ReadOutcome>[], plan: LoadPlan): Promise<void> {
    await this.#guard(flights, async () => {
      const keys = flights.map(({ key }) => key);
      const reading = await this.reader.askAuthority(keys, this.reader.begin(), plan.options.tags);
      const missing = flights.flatMap((flight, index) => this.#serveOrMiss(flight, reading, index, plan.options) ?? []);
      if (missing.length > 0) await this.#loadOnce(missing, reading.isKnown, plan);
    });
  }

  /** Never rejects: whatever happens reaches the callers. */
  async #guard(flights: readonly Flight<ReadOutcome>[], run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      for (const flight of flights) flight.fail(error);
    } finally {
      for (const flight of flights) this.services.flights.land(flight);
    }
  }

  /** Gives the callers what the authority has, if it may be served; returns what is to be loaded. */
  #serveOrMiss(
    flight: Flight<ReadOutcome>,
    { copies, seen, isKnown }: Reading,
    index: number,
    options: ResolvedEntryOptions,
  ): UnclaimedKey | undefined {
    const { keeper } = this.context;
    const found = isKnown ? copies[index] : this.reader.fallbackFor(flight.key);
    const freshness = found === undefined ? 'gone' : isKnown ? this.#judge(found, options) : 'fallback';
    if (found === undefined || freshness === 'gone') {
      return flight.isAbandoned ? undefined : { flight, stale: undefined, seen: seen[index] };
    }
    if (freshness === 'fresh') {
      settleWithCopy(flight, found, keeper, false);
      this.#slide(flight.key, found, options);
      return undefined;
    }
    if (freshness !== 'fallback') {
      const isStale = freshness === 'revalidate';
      flight.serve(outcomesOf(found, { tier: found.tier, isStale }, keeper));
      flight.interim = { copy: found, untilMs: found.entry.freshUntilMs + options.staleWhileRevalidateMs };
    }
    return flight.isAbandoned ? undefined : { flight, stale: found, seen: seen[index] };
  }

  /** Loads what may be loaded here, and waits for what is being loaded elsewhere. */
  async #loadOnce(missing: readonly UnclaimedKey[], isKnown: boolean, plan: LoadPlan): Promise<void> {
    const pending = isKnown ? missing.filter((key) => !this.#hasFailedBefore(key, plan.options)) : missing;
    const keys = pending.map(({ flight }) => flight.key);
    if (keys.length === 0) return;
    const asked = this.reader.begin();
    const mayClaim = isKnown && !keys.some((key) => this.#isEvictPending(key));
    const claims = mayClaim ? await this.#claim(keys, pending, plan.options) : undefined;
    const granted: MissingKey[] = [];
    const others: Promise<void>[] = [];
    for (const [index, key] of pending.entries()) {
      const claim = claims?.[index];
      if (claim === undefined || claim.kind === 'granted') granted.push(claimed(key, claim, claims));
      else if (claim.kind === 'changed') others.push(this.#run([key.flight], plan));
      else if (claim.kind === 'held') others.push(this.#awaitOther(key, claim.leftMs, asked, plan));
      else if (!this.#settleFailed(key, claim, plan.options)) granted.push(claimed(key, claim, claims));
    }
    if (granted.length > 0) others.push(this.#load(granted, plan, asked));
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
    const { authority, clock, memory, stats, keeper } = this.context;
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
    if (!memory.changes.isOutdated(flight.key, asked.stamp)) {
      await authority.untilReleased(flight.key, Math.min(leftMs + EXPIRY_SLACK_MS, patienceMs));
    }
    flight.isWaiting = false;
    if (flight.isAwaited) await this.#run([flight], plan);
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

  #isEvictPending(key: string): boolean {
    const { evicted } = this.context.recovery;
    return !evicted.isEmpty && evicted.blocksKey(key);
  }

  #judge({ entry }: FoundCopy, options: ResolvedEntryOptions) {
    return judgeFreshness(entry, options, this.context.clock.monotonicMs(), this.context.random);
  }

  #outcomeOf(copy: FoundCopy, isStale: boolean): ReadOutcome {
    return { tier: copy.tier, isStale, value: this.context.keeper.present(copy) };
  }

  /** Lets an entry that is read live on, in the background. */
  #slide(key: string, { entry }: FoundCopy, { slidingTtlMs, ttlMs }: ResolvedEntryOptions): void {
    const { clock, authority } = this.context;
    const nowMs = clock.monotonicMs();
    if (nowMs < slideAtMs(entry, slidingTtlMs)) return;
    const untilMs = Math.min(nowMs + slidingTtlMs, entry.createdAtMs + ttlMs);
    if (untilMs <= entry.freshUntilMs) return;
    authority.slide(key, entry, untilMs).catch((error: unknown) => reportFault(this.context, 'slide', error));
  }
}

function isFresh(copy: FoundCopy | undefined, nowMs: number): copy is FoundCopy {
  return copy !== undefined && nowMs < copy.entry.freshUntilMs;
}

function claimed(
  { flight, stale }: Pick<UnclaimedKey, 'flight' | 'stale'>,
  claim: LoadClaim | undefined,
  claims: readonly LoadClaim[] | undefined,
): MissingKey {
  const ticket = claim?.kind === 'granted' ? claim.ticket : undefined;
  return { flight, stale, ticket, isAuthorityAway: claims === undefined };
}
