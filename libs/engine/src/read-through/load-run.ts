import type { LoadTicket } from '../authority/authority.port.js';
import type { CacheContext } from '../cache-context.js';
import type { ResolvedEntryOptions } from '../entry/entry-options.js';
import { reportFault } from '../events/report-fault.js';
import { UnsupportedValueError } from '../values/unsupported-value.error.js';
import { AdaptableLoadContext } from './adaptable-load-context.js';
import type { EntryWriter } from './entry-writer.js';
import { InvalidBatchError } from './invalid-batch.error.js';
import { runAsLoaderOf } from './load-lineage.js';
import type { BatchLoader } from './loader.js';
import { settle } from './read-outcome.js';
import type { FoundCopy, HeldValue, ReadOutcome } from './read-outcome.js';
import type { Flight, SingleFlight } from './single-flight.js';
import type { FillStart } from './tier-reader.js';

/** A key that no tier has fresh. */
export interface MissingKey {
  readonly flight: Flight<ReadOutcome>;
  /** A copy that was expired by hand, for the case that the loader fails. */
  readonly stale: FoundCopy | undefined;
}

/** What a load is to do. */
export interface LoadPlan {
  /** Stands for the cache when a loader is asked whom it works for. */
  readonly owner: object;
  readonly loader: BatchLoader<unknown>;
  readonly options: ResolvedEntryOptions;
  readonly start: FillStart;
}

const LOADED = { tier: undefined, isStale: false } as const;

/** One call of a loader, for the keys that no tier had, up to the point where every caller has its answer. */
export class LoadRun {
  readonly #abort = new AbortController();
  readonly #contexts = new Map<string, AdaptableLoadContext>();

  constructor(
    private readonly context: CacheContext,
    private readonly writer: EntryWriter,
    private readonly flights: SingleFlight<ReadOutcome>,
    private readonly missing: readonly MissingKey[],
    private readonly plan: LoadPlan,
  ) {}

  /** @param isAuthorityKnown `false`: it did not answer the read, so the load does not wait for it again */
  async run(isAuthorityKnown: boolean): Promise<void> {
    const ticket = isAuthorityKnown ? await this.writer.openTicket(this.plan.options) : undefined;
    this.#abortWhenAbandoned();
    const values = await this.#load();
    if (values === undefined || this.#abort.signal.aborted) return;
    const asked = new Set(this.missing.map(({ flight }) => flight.key));
    await Promise.all([
      ...this.missing.map(({ flight }) => this.#deliver(flight, values.get(flight.key), ticket)),
      ...[...values.keys()].filter((key) => !asked.has(key)).map((key) => this.#store(key, values.get(key), ticket)),
    ]);
  }

  #abortWhenAbandoned(): void {
    for (const { flight } of this.missing) {
      flight.onAbandoned = () => {
        this.flights.land(flight);
        if (this.missing.every((other) => other.flight.isAbandoned)) {
          this.#abort.abort(new DOMException('Nobody waits for the value any more.', 'AbortError'));
        }
      };
    }
  }

  /** Calls the loader; `undefined` when it failed, and every caller then has its error or a stale copy. */
  async #load(): Promise<ReadonlyMap<string, unknown> | undefined> {
    const { clock, stats, name } = this.context;
    const keys = this.missing.map(({ flight }) => flight.key);
    const startedAtMs = clock.monotonicMs();
    const batchContext = { signal: this.#abort.signal, for: (key: string) => this.#contextFor(key) };
    stats.loads++;
    try {
      const values: unknown = await runAsLoaderOf(this.plan.owner, keys, () => this.plan.loader(keys, batchContext));
      if (!(values instanceof Map)) throw new InvalidBatchError(name, values);
      this.#tellLoad(keys, clock.monotonicMs() - startedAtMs);
      return values as ReadonlyMap<string, unknown>;
    } catch (error) {
      stats.loadFailures++;
      this.#tellLoad(keys, clock.monotonicMs() - startedAtMs, error);
      for (const { flight, stale } of this.missing) {
        if (stale === undefined) flight.fail(error);
        else settle(flight, this.context.keeper, stale, { tier: stale.tier, isStale: true });
      }
      return undefined;
    }
  }

  async #deliver(flight: Flight<ReadOutcome>, value: unknown, ticket: LoadTicket | undefined): Promise<void> {
    try {
      settle(flight, this.context.keeper, await this.#store(flight.key, value, ticket), LOADED);
    } catch (error) {
      flight.fail(error);
    }
  }

  /** Stores a loaded value as far as it can be, and returns it for the callers in any case. */
  async #store(key: string, value: unknown, ticket: LoadTicket | undefined): Promise<HeldValue> {
    const context = this.#contextFor(key);
    if (context.isSkipped) return this.#unstored(value);
    const options = context.adapted();
    try {
      const { held } = await this.writer.store(value, options, {
        key,
        start: this.plan.start,
        ticket,
        origin: 'load',
      });
      return held;
    } catch (error) {
      if (!(error instanceof UnsupportedValueError)) throw error;
      reportFault(this.context, 'store', error);
      return { value, isCopiedOnRead: false, isHeld: false };
    }
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

  #contextFor(key: string): AdaptableLoadContext {
    let context = this.#contexts.get(key);
    if (context === undefined) {
      context = new AdaptableLoadContext(key, this.#abort.signal, this.plan.options);
      this.#contexts.set(key, context);
    }
    return context;
  }

  #tellLoad(keys: readonly string[], durationMs: number, error?: unknown): void {
    const { events, name } = this.context;
    if (!events.isHeard) return;
    for (const key of keys) {
      events.emit({ type: 'load', cache: name, key, durationMs, ...(error === undefined ? {} : { error }) });
    }
  }
}
