import type { Clock } from '@nest-strata/core';
import type { CopyTrust, TrustMark } from '../coherence/copy-trust.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import { MemoryTier } from '../tiers/memory.tier.js';
import { sizeOfValue } from '../values/size-of-value.js';
import type { LocalChanges } from './local-changes.js';
import type { KeptValue } from './value-keeper.js';

/** An entry in memory. */
export interface MemoryCopy extends CacheEntry, KeptValue, TrustMark {
  /** The moment of {@link LocalChanges} at which the read or load of the value began. */
  readonly stamp: number;
  /** Until then it is fresh and nothing is to be decided; see `quietUntilMs` of the freshness policy. */
  readonly quietUntilMs: number;
}

/** What memory is to keep of an entry. */
export interface CopyDraft {
  readonly entry: Omit<CacheEntry, 'value'>;
  readonly kept: KeptValue;
  readonly mark: TrustMark;
  readonly stamp: number;
  readonly quietUntilMs: number;
}

/** The copies that this process holds, without those that its own changes have made worthless. */
export class MemoryStore {
  readonly tier: MemoryTier<MemoryCopy>;

  constructor(
    private readonly clock: Clock,
    limits: { readonly maxEntries: number; readonly maxBytes: number },
    readonly changes: LocalChanges,
    private readonly trust: CopyTrust,
  ) {
    this.tier = new MemoryTier(clock, limits, (key, copy) => 2 * key.length + sizeOfValue(copy.value));
  }

  /** The copy under `key` if it is a hit of which nothing else is to be decided. */
  findQuiet(key: string): MemoryCopy | undefined {
    if (!this.tier.hasRoom) return undefined;
    const nowMs = this.clock.monotonicMs();
    const copy = this.tier.find(key, nowMs);
    return copy !== undefined && nowMs < copy.quietUntilMs && this.#holds(copy, nowMs) ? copy : undefined;
  }

  /** The copy under `key` if Redis has the same, fresh or stale. */
  findTrusted(key: string): MemoryCopy | undefined {
    if (!this.tier.hasRoom) return undefined;
    const nowMs = this.clock.monotonicMs();
    const copy = this.tier.find(key, nowMs);
    return copy !== undefined && this.#holds(copy, nowMs) ? copy : undefined;
  }

  /** The copy under `key` if it was not invalidated as far as this process knows, whatever Redis has. */
  find(key: string): MemoryCopy | undefined {
    const copy = this.tier.find(key, this.clock.monotonicMs());
    return copy !== undefined && this.changes.isValid(copy.stamp, copy.tags) ? copy : undefined;
  }

  /** Keeps a copy that is not outdated and not invalid since its `stamp`; returns whether memory holds it now. */
  keep(key: string, { entry, kept, mark, stamp, quietUntilMs }: CopyDraft): boolean {
    if (this.changes.isOutdated(key, stamp) || !this.changes.isValid(stamp, entry.tags)) return false;
    return this.tier.keep(key, {
      value: kept.value,
      isCopiedOnRead: kept.isCopiedOnRead,
      createdAtMs: entry.createdAtMs,
      freshUntilMs: entry.freshUntilMs,
      goneAtMs: entry.goneAtMs,
      quietUntilMs,
      tags: entry.tags,
      clearVersion: entry.clearVersion,
      writeId: entry.writeId,
      sourceVersion: entry.sourceVersion,
      etag: entry.etag,
      loadMs: entry.loadMs,
      stamp,
      epoch: mark.epoch,
      trustedUntilMs: mark.trustedUntilMs,
    });
  }

  #holds(copy: MemoryCopy, nowMs: number): boolean {
    return this.changes.isValid(copy.stamp, copy.tags) && this.trust.holds(copy, nowMs);
  }
}
