import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import { extraTimeMs } from '../entry/lifetime.js';
import { checkTags } from '../entry/resolve-entry-options.js';
import { encodeSourceVersion } from '../entry/source-version.js';
import type { SourceVersion } from '../entry/source-version.js';
import type { EvictOutcome } from '../entry/write-outcome.js';
import type { CacheEvent } from '../events/cache-event.js';
import { reportFault } from '../events/report-fault.js';
import type { ReadOutcome } from '../read-through/read-outcome.js';
import type { SingleFlight } from '../read-through/single-flight.js';
import type { Evict } from '../recovery/evict.js';
import { SETTLES_NOTHING } from '../recovery/evict-keeper.js';

type EvictKind = (CacheEvent & { readonly type: 'evict' })['by'];

/** One eviction: what it is called, what this process lets go of, what Redis must do, and what stands for it until it has. */
interface Eviction {
  readonly by: EvictKind;
  readonly targets: readonly string[];
  readonly forget: () => void;
  readonly evict: () => Promise<number>;
  readonly pending: readonly Evict[];
  /** It removes less than what may be pending for the same. */
  readonly leavesCopy?: boolean;
}

/** How long the version of a deleted entry is remembered at most. */
const MAX_FLOOR_MS = 24 * 3_600_000;

/**
 * Evicts entries: from this process at once, then from the authority.
 *
 * Loads and reads that are under way are let go: their callers get what they asked for before the eviction, nobody else
 * does, and it is not stored. What the authority does not confirm is pending until it does.
 */
export class Invalidator {
  constructor(
    private readonly context: CacheContext,
    private readonly flights: SingleFlight<ReadOutcome>,
  ) {}

  async delete(keys: readonly string[]): Promise<EvictOutcome> {
    if (keys.length === 0) return { confirmed: true, count: 0 };
    return this.#deleted(keys, () => this.context.authority.delete(keys));
  }

  /** Deletes what has this version at the source or a lower one; lower ones are refused from then on. */
  async deleteVersion(key: string, version: SourceVersion): Promise<EvictOutcome> {
    return this.deleteEncodedVersion(key, encodeSourceVersion(version));
  }

  /** As {@link deleteVersion}. */
  async deleteEncodedVersion(key: string, version: string): Promise<EvictOutcome> {
    const { options, authority } = this.context;
    const forMs = Math.min(options.ttlMs + extraTimeMs(options), MAX_FLOOR_MS);
    const evict = () => authority.deleteVersion(key, version, forMs);
    return this.#deleted([key], evict, [{ kind: 'key', key, floor: { version, forMs, sparesHigher: true } }]);
  }

  async deleteByTag(given: readonly string[]): Promise<EvictOutcome> {
    const tags = checkTags(given);
    if (tags.length === 0) return { confirmed: true, count: 0 };
    const { memory, authority, versions } = this.context;
    return this.#evict({
      by: 'tag',
      targets: tags,
      forget: () => {
        memory.changes.invalidateTags(tags);
        for (const tag of tags) versions.forgetTag(tag);
        this.flights.detachAll();
      },
      evict: () => authority.invalidateTags(tags).then(() => tags.length),
      pending: tags.map((tag) => ({ kind: 'tag', tag })),
    });
  }

  async clear(): Promise<EvictOutcome> {
    const { memory, authority, versions } = this.context;
    return this.#evict({
      by: 'clear',
      targets: [],
      forget: () => {
        memory.changes.invalidateAll();
        memory.tier.removeAll();
        versions.forgetClear();
        this.flights.detachAll();
      },
      evict: () => authority.clear().then(() => 0),
      pending: [{ kind: 'clear' }],
    });
  }

  async deleteByPattern(glob: string): Promise<EvictOutcome> {
    const { memory, authority, keySpace, stats } = this.context;
    const pattern = keySpace.glob(glob);
    const outcome = await this.#evict({
      by: 'pattern',
      targets: [glob],
      forget: () => {
        if (authority.isShared) memory.tier.removeMatching((key) => pattern.matches(key));
        memory.changes.changeAllKeys();
        this.flights.detachAll();
      },
      evict: () => authority.deleteMatching(glob),
      pending: [{ kind: 'pattern', glob }],
    });
    stats.deletes += outcome.count;
    return outcome;
  }

  /** Keeps a stale copy for the case that the next load fails. */
  async expire(key: string): Promise<EvictOutcome> {
    return this.#evict({
      by: 'expire',
      targets: [key],
      forget: () => this.#forget([key]),
      evict: async () => Number(await this.context.authority.expire(key)),
      pending: [{ kind: 'key', key }],
      leavesCopy: true,
    });
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

  async #deleted(
    keys: readonly string[],
    evict: () => Promise<number>,
    pending: readonly Evict[] = keys.map((key) => ({ kind: 'key', key })),
  ): Promise<EvictOutcome> {
    const outcome = await this.#evict({ by: 'key', targets: keys, forget: () => this.#forget(keys), evict, pending });
    this.context.stats.deletes += outcome.count;
    return outcome;
  }

  /** Forgets before, so that nothing old is served meanwhile; and after, so that no copy that was read meanwhile stays. */
  async #evict({ by, targets, forget, evict, pending, leavesCopy = false }: Eviction): Promise<EvictOutcome> {
    const { events, name, recovery, authority } = this.context;
    const stamp = leavesCopy ? SETTLES_NOTHING : recovery.stamp();
    forget();
    let outcome: EvictOutcome;
    try {
      outcome = { confirmed: true, count: await evict() };
      recovery.acknowledged(pending, stamp);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, `evict-${by}`, error);
      recovery.unacknowledged(pending);
      outcome = { confirmed: false, count: 0 };
    }
    if (authority.isShared) forget();
    if (events.isHeard) events.emit({ type: 'evict', cache: name, by, targets, confirmed: outcome.confirmed });
    return outcome;
  }
}
