import type { AuthorityAnswer } from '../authority/authority.port.js';
import { isCacheFault } from '../authority/cache-fault.js';
import type { CacheContext } from '../cache-context.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { reportFault } from '../events/report-fault.js';
import { quietUntilMs } from '../freshness/freshness.policy.js';
import { isToldInFull } from '../memory/told-in-full.js';
import type { FoundCopy } from './read-outcome.js';

/** What the authority has of some keys. */
export interface Reading {
  /** The valid copies in the order of the keys, fresh or stale. */
  readonly copies: readonly (FoundCopy | undefined)[];
  /** What was there, for `Authority.claim`; `undefined` where it could not be asked, and nothing is known of the key. */
  readonly seen: readonly unknown[];
  /** `false`: it could not be asked at all. */
  readonly isKnown: boolean;
}

/** The moment at which a read or load began. */
export interface FillStart {
  readonly stamp: number;
  readonly startedAtMs: number;
}

const NOTHING_KNOWN: Reading = { copies: [], seen: [], isKnown: false };

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
  ): Promise<Reading> {
    const { authority, stats, recovery } = this.context;
    recovery.active(start.startedAtMs);
    if (this.#isInDoubt()) return NOTHING_KNOWN;
    const { isEmpty: wereNoneEvicted, settledCount } = recovery.evicted;
    let answer: AuthorityAnswer;
    try {
      answer = await authority.read(keys, start.stamp, likelyTags);
    } catch (error) {
      if (!isCacheFault(error)) throw error;
      reportFault(this.context, 'read', error);
      return NOTHING_KNOWN;
    }
    // What was asked before Redis confirmed an evict, or turned out to be another, may be what was evicted.
    const isOutdated = !wereNoneEvicted && recovery.evicted.settledCount !== settledCount;
    if (isOutdated || this.#isInDoubt()) return NOTHING_KNOWN;
    const entries = this.#withoutEvicted(keys, answer.entries);
    if (authority.isShared) stats.redis.record(entries);
    const copies = entries.map((entry, index) => entry && this.#take(keys[index] ?? '', entry, start));
    return { copies, seen: answer.seen, isKnown: true };
  }

  /**
   * A copy in memory that Redis, which cannot be asked, may have changed: better than an error where there is grace, unless
   * the change was heard.
   */
  fallbackFor(key: string): FoundCopy | undefined {
    const { memory, versions } = this.context;
    const copy = memory.find(key);
    if (copy === undefined || copy.goneAtMs <= copy.freshUntilMs || this.#isEvicted(key, copy)) return undefined;
    if (versions.areHeardToDiffer(copy)) return undefined;
    return { value: copy.value, isCopiedOnRead: copy.isCopiedOnRead, isHeld: true, tier: 'memory', entry: copy };
  }

  /** Whether Redis may be another server than it was. */
  #isInDoubt(): boolean {
    return !this.context.recovery.isCertain;
  }

  /** What is evicted here and perhaps not yet in Redis is served from nowhere. */
  #withoutEvicted(keys: readonly string[], entries: readonly (CacheEntry | undefined)[]) {
    if (this.context.recovery.evicted.isEmpty) return entries;
    return entries.map((entry, index) =>
      entry !== undefined && this.#isEvicted(keys[index] ?? '', entry) ? undefined : entry,
    );
  }

  #isEvicted(key: string, { tags }: Pick<CacheEntry, 'tags'>): boolean {
    const { evicted } = this.context.recovery;
    return !evicted.isEmpty && (evicted.blocksKey(key) || tags.some(({ tag }) => evicted.blocksTag(tag)));
  }

  /** Makes an entry of the authority ready for callers, and keeps a copy in memory for as long as memory may. */
  #take(key: string, entry: CacheEntry, start: FillStart): FoundCopy {
    const { authority, keeper } = this.context;
    const { value } = entry;
    const isCopiedOnRead = keeper.guardOwn(value);
    const isHeld = !authority.isShared || this.#keepCopy(key, entry, isCopiedOnRead, start);
    return { value, isCopiedOnRead, isHeld, tier: authority.tier, entry };
  }

  #keepCopy(key: string, entry: CacheEntry, isCopiedOnRead: boolean, start: FillStart): boolean {
    const { memory, options, trust, keySpace } = this.context;
    if (!memory.tier.hasRoom || !isToldInFull(key, entry, keySpace)) return false;
    const mark = trust.mark(start.startedAtMs, options.memoryTtlMs, 'read');
    if (mark === undefined) return false;
    const kept = { value: entry.value, isCopiedOnRead };
    return memory.keep(key, { entry, kept, mark, stamp: start.stamp, quietUntilMs: quietUntilMs(entry, options) });
  }
}
