import type { CacheContext } from '../cache-context.js';
import type { ResolvedEntryOptions } from '../entry/entry-options.js';
import { resolveEntryOptions } from '../entry/resolve-entry-options.js';
import { reportFault } from '../events/report-fault.js';
import { judgeFreshness, slideAtMs } from '../freshness/freshness.policy.js';
import { LIVENESS_BOUND_MS } from '../options/cache-options.js';
import { isBeingLoadedBy } from './load-lineage.js';
import type { LoadPlan, LoadServices } from './load-run.js';
import { LoadTurns } from './load-turns.js';
import type { UnclaimedKey } from './load-turns.js';
import type { BatchLoader, LoadOptions } from './loader.js';
import { outcomesOf } from './read-outcome.js';
import { settleWithCopy } from './settle-with-copy.js';
import type { FoundCopy, ReadOutcome } from './read-outcome.js';
import { RecursiveLoadError } from './recursive-load.error.js';
import { Flight } from './single-flight.js';
import type { Reading, TierReader } from './tier-reader.js';

/**
 * The one path of every read that may load: freshness, single flight, the authority, the claim to load, the loader, the
 * stores.
 *
 * One key is a batch of one. Callers that ask for the same key meanwhile share its flight, whichever call started it.
 * Memory was asked before: a hit there of which nothing is to be decided needs none of this.
 */
export class ReadThrough {
  readonly #turns: LoadTurns;

  constructor(
    private readonly context: CacheContext,
    private readonly reader: TierReader,
    private readonly services: LoadServices,
  ) {
    this.#turns = new LoadTurns(context, reader, services, (flights, plan) => this.#run(flights, plan));
  }

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
      let flight = isForced ? undefined : this.#findFlight(key);
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
    // What is prolonged is not what the load of the newer one has seen, which then is not stored.
    if (freshness === 'fresh') this.#slide(key, found, plan.options);
    else this.#renewInBackground(key, found, plan);
    return this.#outcomeOf(found, freshness === 'revalidate');
  }

  /** What is served while the load of something newer is under way. */
  #fromInterim(key: string): ReadOutcome | undefined {
    const interim = this.#findFlight(key)?.interim;
    const nowMs = this.context.clock.monotonicMs();
    if (interim === undefined || nowMs >= interim.untilMs) return undefined;
    return this.#outcomeOf(interim.copy, nowMs >= interim.copy.entry.freshUntilMs);
  }

  /**
   * The flight for the key that can be joined. While changes elsewhere are not heard, what one brings is as old as a copy
   * in memory would be.
   */
  #findFlight(key: string): Flight<ReadOutcome> | undefined {
    const { authority, versions, clock } = this.context;
    const flight = this.services.flights.find(key);
    if (flight?.isOutdatedByChange !== true || !authority.isShared || versions.isProven()) return flight;
    return clock.monotonicMs() < flight.beganAtMs + LIVENESS_BOUND_MS ? flight : undefined;
  }

  /** A forced load is the newest truth, so what is on its way already is outdated. */
  #start(key: string, isForced: boolean): Flight<ReadOutcome> {
    if (isForced) this.context.memory.changes.changeKey(key);
    const flight = new Flight<ReadOutcome>(key, this.context.clock.monotonicMs());
    flight.onAbandoned = () => this.services.flights.land(flight);
    this.services.flights.start(flight);
    return flight;
  }

  /** Loads a key whose copy is served meanwhile, unless somebody does already. */
  #renewInBackground(key: string, copy: FoundCopy, plan: LoadPlan): void {
    if (this.#findFlight(key) !== undefined) return;
    const flight = this.#start(key, false);
    flight.goOnInBackground();
    void this.#guard([flight], async () => {
      const { copies, seen, isKnown } = await this.reader.askAuthority([key], this.reader.begin(), plan.options.tags);
      // Memory may lag behind: somebody else has renewed or evicted it.
      const isSame = isKnown && copies[0]?.entry.writeId === copy.entry.writeId;
      if (isSame) await this.#turns.loadOnce([{ flight, stale: copy, seen: seen[0] }], true, plan);
      else if (flight.isAwaited) await this.#run([flight], plan);
    });
  }

  #force(flights: readonly Flight<ReadOutcome>[], plan: LoadPlan): Promise<void> {
    return this.#guard(flights, () => this.#turns.force(flights, plan));
  }

  async #run(flights: readonly Flight<ReadOutcome>[], plan: LoadPlan): Promise<void> {
    await this.#guard(flights, async () => {
      const keys = flights.map(({ key }) => key);
      const reading = await this.reader.askAuthority(keys, this.reader.begin(), plan.options.tags);
      const missing = flights.flatMap((flight, index) => this.#serveOrMiss(flight, reading, index, plan.options) ?? []);
      if (missing.length > 0) await this.#turns.loadOnce(missing, reading.isKnown, plan);
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

  #judge({ entry }: FoundCopy, options: ResolvedEntryOptions) {
    return judgeFreshness(entry, options, this.context.clock.monotonicMs(), this.context.random);
  }

  #outcomeOf(copy: FoundCopy, isStale: boolean): ReadOutcome {
    return { tier: copy.tier, isStale, value: this.context.keeper.present(copy) };
  }

  /** Lets an entry that is read live on, in the background. */
  #slide(key: string, { entry }: FoundCopy, { slidingTtlMs, ttlMs }: ResolvedEntryOptions): void {
    const { clock, authority, memory } = this.context;
    const nowMs = clock.monotonicMs();
    if (nowMs < slideAtMs(entry, slidingTtlMs)) return;
    const untilMs = Math.min(nowMs + slidingTtlMs, entry.createdAtMs + ttlMs);
    if (untilMs <= entry.freshUntilMs) return;
    authority
      .slide(key, entry, untilMs)
      .then(() => {
        // Not everybody is told of own changes; by its old times the copy would be prolonged again at the next read.
        if (authority.isShared) memory.tier.remove(key);
      })
      .catch((error: unknown) => reportFault(this.context, 'slide', error));
  }
}

function isFresh(copy: FoundCopy | undefined, nowMs: number): copy is FoundCopy {
  return copy !== undefined && nowMs < copy.entry.freshUntilMs;
}
