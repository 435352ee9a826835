import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { reportFault } from '../events/report-fault.js';
import type { FoundCopy } from './read-outcome.js';

/** What the authority has of some keys. */
export interface AuthorityAnswer {
  /** The servable copies in the order of the keys, fresh or stale. */
  readonly copies: readonly (FoundCopy | undefined)[];
  /** `false`: it could not be asked, and nothing is known of the keys. */
  readonly isKnown: boolean;
}

/** The moment at which a read or load began. */
export interface FillStart {
  readonly stamp: number;
  readonly startedAtMs: number;
}

/** Reads the tiers in their order and fills memory with what the authority has. A fault of a tier is told, never thrown. */
export class TierReader {
  constructor(private readonly context: CacheContext) {}

  begin(): FillStart {
    return { stamp: this.context.memory.changes.stamp(), startedAtMs: this.context.clock.monotonicMs() };
  }

  /** Asks the authority in one trip, and fills memory. A fault is counted, told, and answered with nothing. */
  async askAuthority(
    keys: readonly string[],
    start: FillStart = this.begin(),
    likelyTags?: readonly string[],
  ): Promise<AuthorityAnswer> {
    const { authority, stats, clock } = this.context;
    let entries: readonly (CacheEntry | undefined)[];
    try {
      entries = await authority.read(keys, likelyTags);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'read', error);
      return { copies: [], isKnown: false };
    }
    if (authority.isShared) stats.redis.record(entries);
    const nowMs = clock.monotonicMs();
    return {
      copies: entries.map((entry, index) => entry && this.#take(keys[index] ?? '', entry, start, nowMs)),
      isKnown: true,
    };
  }

  /** Makes an entry of the authority ready for callers, and keeps a copy in memory for as long as memory may. */
  #take(key: string, entry: CacheEntry, start: FillStart, nowMs: number): FoundCopy {
    const { authority, keeper } = this.context;
    const { value, createdAtMs, freshUntilMs } = entry;
    const isFresh = nowMs < freshUntilMs;
    const isCopiedOnRead = keeper.guardOwn(value);
    const isHeld = !authority.isShared || (isFresh && this.#keepCopy(key, entry, isCopiedOnRead, start));
    return { value, isCopiedOnRead, isHeld, tier: authority.tier, isFresh, createdAtMs, freshUntilMs };
  }

  #keepCopy(key: string, entry: CacheEntry, isCopiedOnRead: boolean, start: FillStart): boolean {
    const { memory, options } = this.context;
    if (!memory.tier.hasRoom) return false;
    const { value, createdAtMs, freshUntilMs } = entry;
    const goneAtMs = Math.min(entry.goneAtMs, start.startedAtMs + options.memoryTtlMs);
    const lifetime = { createdAtMs, freshUntilMs, goneAtMs };
    return memory.keep(key, { value, isCopiedOnRead }, lifetime, entry.tags, start.stamp);
  }
}
