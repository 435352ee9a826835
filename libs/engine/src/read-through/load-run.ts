import type { FailureTerms, WriteTicket } from '../authority/authority.port.js';
import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import type { ResolvedEntryOptions } from '../entry/entry-options.js';
import { reportFault } from '../events/report-fault.js';
import { UnsupportedValueError } from '../values/unsupported-value.error.js';
import { AdaptableLoadContext, NOT_MODIFIED } from './adaptable-load-context.js';
import type { EntryWriter, Fill } from './entry-writer.js';
import { InvalidBatchError } from './invalid-batch.error.js';
import type { LoadFailures } from './load-failures.js';
import { runAsLoaderOf } from './load-lineage.js';
import { LoadShedError } from './load-shed.error.js';
import type { LoadSlots } from './load-slots.js';
import { LoadTimeoutError } from './load-timeout.error.js';
import type { BatchLoader } from './loader.js';
import { LOADED, outcomesOf } from './read-outcome.js';
import { settleWithCopy } from './settle-with-copy.js';
import type { FoundCopy, HeldValue, ReadOutcome } from './read-outcome.js';
import type { Flight, SingleFlight } from './single-flight.js';
import { substituteFor } from './substitute-for.js';
import type { FillStart } from './tier-reader.js';

/** A key that no tier has fresh. */
export interface MissingKey {
  readonly flight: Flight<ReadOutcome>;
  /** A copy whose time is over, for the case that the load fails or is late. */
  readonly stale: FoundCopy | undefined;
  /** What permits to store the value; `undefined`: nothing does. */
  readonly ticket: WriteTicket | undefined;
  /** The authority cannot be asked: memory may keep the value for a while without proof. */
  readonly isAuthorityAway: boolean;
}

/** What a load is to do. */
export interface LoadPlan {
  /** Stands for the cache when a loader is asked whom it works for. */
  readonly owner: object;
  readonly loader: BatchLoader<unknown>;
  readonly options: ResolvedEntryOptions;
}

/** What loads of one cache share. */
export interface LoadServices {
  readonly writer: EntryWriter;
  readonly flights: SingleFlight<ReadOutcome>;
  readonly failures: LoadFailures;
  readonly slots: LoadSlots;
}

/** One call of a loader, for the keys that no tier had, up to the point where every caller has its answer. */
export class LoadRun {
  readonly #abort = new AbortController();
  readonly #contexts = new Map<string, AdaptableLoadContext>();
  #isBegun = false;
  #loadMs = 0;

  constructor(
    private readonly context: CacheContext,
    private readonly services: LoadServices,
    private readonly missing: readonly MissingKey[],
    private readonly plan: LoadPlan,
    private readonly start: FillStart,
  ) {}

  async run(): Promise<void> {
    for (const { flight } of this.missing) flight.onAbandoned = () => this.#abandon(flight);
    if (this.#isAbandoned) {
      await this.#releaseAll();
      return;
    }
    const values = await this.#load();
    if (values === undefined || this.#abort.signal.aborted) return;
    await Promise.all(this.missing.map((missing) => this.#deliver(missing, values.get(missing.flight.key))));
  }

  get #isAbandoned(): boolean {
    return this.missing.every(({ flight }) => flight.isAbandoned);
  }

  /** A loader may take no notice, so the claims are given back at once: the next load must not wait for it. */
  #abandon(flight: Flight<ReadOutcome>): void {
    this.services.flights.land(flight);
    if (!this.#isAbandoned) return;
    this.#abort.abort(new DOMException('Nobody waits for the value any more.', 'AbortError'));
    void this.#releaseAll();
  }

  async #releaseAll(): Promise<void> {
    await Promise.all(this.missing.map((missing) => this.#release(missing)));
  }

  /** Calls the loader; `undefined` when it failed, and every caller then has its error or something better. */
  async #load(): Promise<ReadonlyMap<string, unknown> | undefined> {
    const { clock, stats, name } = this.context;
    const keys = this.missing.map(({ flight }) => flight.key);
    const isBackground = this.missing.every(({ flight }) => !flight.isAwaited);
    const { signal } = this.#abort;
    let startedAtMs = clock.monotonicMs();
    const stopTimers = this.#startTimers();
    try {
      const values: unknown = await this.services.slots.run(async () => {
        this.#isBegun = true;
        startedAtMs = clock.monotonicMs();
        stats.loads++;
        if (isBackground) stats.refreshes++;
        const context = { signal, for: (key: string) => this.#contextFor(key) };
        return runAsLoaderOf(this.plan.owner, keys, () => this.plan.loader(keys, context));
      }, signal);
      if (!(values instanceof Map)) throw new InvalidBatchError(name, values);
      this.#loadMs = clock.monotonicMs() - startedAtMs;
      this.#tellLoad(keys, isBackground);
      return values as ReadonlyMap<string, unknown>;
    } catch (error) {
      if (signal.aborted && !this.#isBegun) return undefined;
      stats.loadFailures++;
      this.#loadMs = clock.monotonicMs() - startedAtMs;
      this.#tellLoad(keys, isBackground, error);
      if (!signal.aborted) await this.#fail(error);
      return undefined;
    } finally {
      stopTimers();
    }
  }

  /** Lets callers go who wait too long, for a slot or the loader; the load goes on, and keeps its claim. */
  #startTimers(): () => void {
    const { softTimeoutMs, hardTimeoutMs } = this.plan.options;
    const stops = [
      this.#every(softTimeoutMs, () => {
        for (const missing of this.missing) {
          const stale = this.#standInFor(missing);
          if (stale !== undefined) this.#serveStale(missing.flight, stale);
        }
      }),
      this.#every(hardTimeoutMs, () => {
        for (const missing of this.missing) {
          const { flight } = missing;
          const stale = this.#standInFor(missing);
          const error = new LoadTimeoutError(this.context.name, flight.key, hardTimeoutMs);
          if (stale === undefined) this.#substitute(flight, error, 'for now');
          else this.#serveStale(flight, stale);
        }
      }),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Again and again, for those who join later. */
  #every(ms: number, act: () => void): () => void {
    if (ms === Infinity) return () => undefined;
    const tick = () => {
      act();
      timer = this.context.clock.setTimer(tick, ms);
    };
    let timer = this.context.clock.setTimer(tick, ms);
    return () => timer.cancel();
  }

  /** The copy for the case that the load fails or is late, while it is within its grace. */
  #standInFor({ stale }: MissingKey): FoundCopy | undefined {
    return stale !== undefined && this.context.clock.monotonicMs() < stale.entry.goneAtMs ? stale : undefined;
  }

  #serveStale(flight: Flight<ReadOutcome>, stale: FoundCopy): void {
    flight.serve(outcomesOf(stale, { tier: stale.tier, isStale: true }, this.context.keeper));
    flight.interim = { copy: stale, untilMs: stale.entry.goneAtMs };
  }

  /** The loader's error for all callers, unless a stale copy or a fallback stands in. */
  async #fail(error: unknown): Promise<void> {
    const { keeper } = this.context;
    await Promise.all(
      this.missing.map(async (missing) => {
        const { flight } = missing;
        const stale = this.#standInFor(missing);
        const terms = this.#failureTerms(error, stale);
        if (terms !== undefined) this.services.failures.note(flight.key, terms, this.start.stamp);
        if (stale === undefined) this.#substitute(flight, error, 'at last');
        else settleWithCopy(flight, stale, keeper, true);
        await this.#release(missing, terms);
      }),
    );
  }

  /** `undefined`: nobody asked the source, and who does so next may get the value. */
  #failureTerms(error: unknown, stale: FoundCopy | undefined): FailureTerms | undefined {
    if (error instanceof LoadShedError) return undefined;
    const { errorTtlMs, retryAfterMs } = this.plan.options;
    const forMs = stale === undefined ? errorTtlMs : Math.max(errorTtlMs, retryAfterMs);
    return { error, forMs, isShared: errorTtlMs > 0 };
  }

  #substitute(flight: Flight<ReadOutcome>, error: unknown, when: 'for now' | 'at last'): void {
    substituteFor(flight, error, this.plan.options, when);
  }

  async #deliver(missing: MissingKey, value: unknown): Promise<void> {
    const { flight, stale } = missing;
    const { keeper } = this.context;
    try {
      if (value === NOT_MODIFIED && stale !== undefined) {
        await this.services.writer.renew(stale, this.#contextFor(flight.key).adapted(), this.#fillFor(missing));
        settleWithCopy(flight, stale, keeper, false);
      } else {
        flight.settle(outcomesOf(await this.#store(missing, value), LOADED, keeper));
      }
    } catch (error) {
      flight.fail(error);
      await this.#release(missing);
    }
  }

  /** Stores a loaded value as far as it can be, and returns it for the callers in any case. */
  async #store(missing: MissingKey, value: unknown): Promise<HeldValue> {
    const { key } = missing.flight;
    const context = this.#contextFor(key);
    if (context.isSkipped) {
      await this.#release(missing);
      return this.#unstored(value);
    }
    try {
      const facts = { etag: context.etag, loadMs: this.plan.options.earlyRefresh > 0 ? this.#loadMs : 0 };
      return (await this.services.writer.store(value, context.adapted(), this.#fillFor(missing), facts)).held;
    } catch (error) {
      if (!(error instanceof UnsupportedValueError)) throw error;
      reportFault(this.context, 'store', error);
      await this.services.writer.discard(this.#fillFor(missing));
      return { value, isCopiedOnRead: false, isHeld: false };
    }
  }

  #fillFor({ flight, ticket, isAuthorityAway }: MissingKey): Fill {
    return { key: flight.key, start: this.start, ticket, origin: 'load', mayKeepUnproven: isAuthorityAway };
  }

  /** A value that is not stored; still each of several callers gets its own copy, where it can be copied. */
  #unstored(value: unknown): HeldValue {
    try {
      return { ...this.context.keeper.keepForeign(value), isHeld: false };
    } catch (error) {
      if (!(error instanceof UnsupportedValueError)) throw error;
      return { value, isCopiedOnRead: false, isHeld: false };
    }
  }

  async #release({ flight, ticket }: MissingKey, failure?: FailureTerms): Promise<void> {
    if (ticket === undefined) return;
    try {
      await this.context.authority.release(flight.key, ticket, failure);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'release', error);
    }
  }

  #contextFor(key: string): AdaptableLoadContext {
    let context = this.#contexts.get(key);
    if (context === undefined) {
      const stale = this.missing.find(({ flight }) => flight.key === key)?.stale;
      context = new AdaptableLoadContext(
        key,
        this.#abort.signal,
        this.plan.options,
        stale && { value: this.context.keeper.present(stale), etag: stale.entry.etag },
      );
      this.#contexts.set(key, context);
    }
    return context;
  }

  #tellLoad(keys: readonly string[], background: boolean, error?: unknown): void {
    const { events, name } = this.context;
    if (!events.isHeard) return;
    const durationMs = this.#loadMs;
    for (const key of keys) {
      events.emit({
        type: 'load',
        cache: name,
        key,
        durationMs,
        background,
        ...(error === undefined ? {} : { error }),
      });
    }
  }
}
