import type { CacheContext } from '../cache-context.js';
import { resolveEntryOptions } from '../entry/resolve-entry-options.js';
import type { EntryWriter } from './entry-writer.js';
import { isBeingLoadedBy } from './load-lineage.js';
import { LoadRun } from './load-run.js';
import type { LoadPlan, MissingKey } from './load-run.js';
import type { BatchLoader, LoadOptions } from './loader.js';
import { settle } from './read-outcome.js';
import type { ReadOutcome } from './read-outcome.js';
import { RecursiveLoadError } from './recursive-load.error.js';
import { Flight } from './single-flight.js';
import type { SingleFlight } from './single-flight.js';
import type { AuthorityAnswer, TierReader } from './tier-reader.js';

/**
 * The one path of every read that may load: single flight, then the authority, then the loader, then the stores.
 *
 * One key is a batch of one. Callers that ask for the same key meanwhile share its flight, whichever call started it.
 * Memory was asked before: a hit there needs none of this.
 */
export class ReadThrough {
  constructor(
    private readonly context: CacheContext,
    private readonly reader: TierReader,
    private readonly writer: EntryWriter,
    private readonly flights: SingleFlight<ReadOutcome>,
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

    const started: Flight<ReadOutcome>[] = [];
    const outcomes = keys.map((key) => {
      let flight = isForced ? undefined : this.flights.find(key);
      if (flight === undefined) started.push((flight = this.#start(key, isForced)));
      return flight.join(given?.signal);
    });
    const plan = { owner: this, loader, options, start: this.reader.begin() };
    if (started.length > 0) void this.#run(started, isForced, plan);
    return outcomes;
  }

  /** A forced load is the newest truth, so what is on its way already is outdated. */
  #start(key: string, isForced: boolean): Flight<ReadOutcome> {
    if (isForced) this.context.memory.changes.changeKey(key);
    const flight = new Flight<ReadOutcome>(key);
    flight.onAbandoned = () => this.flights.land(flight);
    this.flights.start(flight);
    return flight;
  }

  /** Never rejects: whatever happens reaches the callers. */
  async #run(flights: readonly Flight<ReadOutcome>[], isForced: boolean, plan: LoadPlan): Promise<void> {
    try {
      const keys = flights.map(({ key }) => key);
      const { copies, isKnown } = isForced
        ? NOTHING_READ
        : await this.reader.askAuthority(keys, plan.start, plan.options.tags);
      const missing: MissingKey[] = [];
      for (const [index, flight] of flights.entries()) {
        const found = copies[index];
        if (found?.isFresh === true) settle(flight, this.context.keeper, found, { tier: found.tier, isStale: false });
        else if (!flight.isAbandoned) missing.push({ flight, stale: found });
      }
      if (missing.length === 0) return;
      await new LoadRun(this.context, this.writer, this.flights, missing, plan).run(isKnown);
    } catch (error) {
      for (const flight of flights) flight.fail(error);
    } finally {
      for (const flight of flights) this.flights.land(flight);
    }
  }
}

const NOTHING_READ: AuthorityAnswer = { copies: [], isKnown: true };
