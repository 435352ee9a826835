import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import { checkTags } from '../entry/resolve-entry-options.js';
import type { EvictOutcome } from '../entry/write-outcome.js';
import type { CacheEvent } from '../events/cache-event.js';
import { reportFault } from '../events/report-fault.js';
import type { ReadOutcome } from '../read-through/read-outcome.js';
import type { SingleFlight } from '../read-through/single-flight.js';

type EvictKind = (CacheEvent & { readonly type: 'evict' })['by'];

/**
 * Evicts entries: from this process at once, then from the authority.
 *
 * Loads and reads that are under way are let go: their callers get what they asked for before the eviction, nobody else
 * does, and it is not stored.
 */
export class Invalidator {
  constructor(
    private readonly context: CacheContext,
    private readonly flights: SingleFlight<ReadOutcome>,
  ) {}

  async delete(keys: readonly string[]): Promise<EvictOutcome> {
    if (keys.length === 0) return { confirmed: true, count: 0 };
    const outcome = await this.#evict(
      'key',
      keys,
      () => this.#forget(keys),
      () => this.context.authority.delete(keys),
    );
    this.context.stats.deletes += outcome.count;
    return outcome;
  }

  async deleteByTag(given: readonly string[]): Promise<EvictOutcome> {
    const tags = checkTags(given);
    if (tags.length === 0) return { confirmed: true, count: 0 };
    const { memory, authority } = this.context;
    const forget = () => {
      memory.changes.invalidateTags(tags);
      this.flights.detachAll();
    };
    return this.#evict('tag', tags, forget, () => authority.invalidateTags(tags).then(() => tags.length));
  }

  async clear(): Promise<EvictOutcome> {
    const { memory, authority } = this.context;
    const forget = () => {
      memory.changes.invalidateAll();
      memory.tier.removeAll();
      this.flights.detachAll();
    };
    return this.#evict('clear', [], forget, () => authority.clear().then(() => 0));
  }

  async deleteByPattern(glob: string): Promise<EvictOutcome> {
    const { memory, authority, keySpace } = this.context;
    const pattern = keySpace.glob(glob);
    const forget = () => {
      if (authority.isShared) memory.tier.removeMatching((key) => pattern.matches(key));
      memory.changes.changeAllKeys();
      this.flights.detachAll();
    };
    const outcome = await this.#evict('pattern', [glob], forget, () => authority.deleteMatching(glob));
    this.context.stats.deletes += outcome.count;
    return outcome;
  }

  /** Keeps a stale copy for the case that the next load fails. */
  async expire(key: string): Promise<EvictOutcome> {
    return this.#evict(
      'expire',
      [key],
      () => this.#forget([key]),
      async () => Number(await this.context.authority.expire(key)),
    );
  }

  /** Lets go of everything that this process has or is about to have under the keys; the authority keeps its own. */
  #forget(keys: readonly string[]): void {
    const { authority, memory } = this.context;
    for (const key of keys) {
      memory.changes.changeKey(key);
      this.flights.detach(key);
      if (authority.isShared) memory.tier.remove(key);
    }
  }

  /** Forgets before, so that nothing old is served meanwhile; and after, so that no copy that was read meanwhile stays. */
  async #evict(
    by: EvictKind,
    targets: readonly string[],
    forget: () => void,
    evict: () => Promise<number>,
  ): Promise<EvictOutcome> {
    const { events, name } = this.context;
    forget();
    let outcome: EvictOutcome;
    try {
      outcome = { confirmed: true, count: await evict() };
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, `evict-${by}`, error);
      outcome = { confirmed: false, count: 0 };
    }
    if (this.context.authority.isShared) forget();
    if (events.isHeard) events.emit({ type: 'evict', cache: name, by, targets, confirmed: outcome.confirmed });
    return outcome;
  }
}
