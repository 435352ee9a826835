import type { Clock } from '@nest-strata/core';
import type { CacheEntry, TagVersion } from '../entry/cache-entry.js';
import { MemoryTier } from '../tiers/memory.tier.js';
import { sizeOfValue } from '../values/size-of-value.js';
import { LocalChanges } from './local-changes.js';
import type { KeptValue } from './value-keeper.js';

/** An entry in memory. */
export interface MemoryCopy extends CacheEntry, KeptValue {
  /** The moment of {@link LocalChanges} at which the read or load of the value began. */
  readonly stamp: number;
}

/** The times of a {@link CacheEntry}. */
export type Lifetime = Pick<CacheEntry, 'createdAtMs' | 'freshUntilMs' | 'goneAtMs'>;

/** The copies that this process holds, without those that its own changes have made worthless. */
export class MemoryStore {
  readonly tier: MemoryTier<MemoryCopy>;
  readonly changes = new LocalChanges();

  constructor(
    private readonly clock: Clock,
    limits: { readonly maxEntries: number; readonly maxBytes: number },
  ) {
    this.tier = new MemoryTier(clock, limits, (key, copy) => 2 * key.length + sizeOfValue(copy.value));
  }

  /** The copy under `key` if it is fresh. */
  findFresh(key: string): MemoryCopy | undefined {
    if (!this.tier.hasRoom) return undefined;
    const nowMs = this.clock.monotonicMs();
    const copy = this.tier.find(key, nowMs);
    return copy !== undefined && nowMs < copy.freshUntilMs && this.#isValid(copy) ? copy : undefined;
  }

  /** The copy under `key`, also one that was expired by hand. */
  find(key: string): MemoryCopy | undefined {
    const copy = this.tier.find(key, this.clock.monotonicMs());
    return copy !== undefined && this.#isValid(copy) ? copy : undefined;
  }

  /** Keeps a value that is not outdated and not invalid since `stamp`; returns whether memory holds it now. */
  keep(key: string, kept: KeptValue, lifetime: Lifetime, tags: readonly TagVersion[], stamp: number): boolean {
    if (this.changes.isOutdated(key, stamp) || !this.changes.isValid(stamp, tags)) return false;
    return this.tier.keep(key, {
      value: kept.value,
      isCopiedOnRead: kept.isCopiedOnRead,
      createdAtMs: lifetime.createdAtMs,
      freshUntilMs: lifetime.freshUntilMs,
      goneAtMs: lifetime.goneAtMs,
      tags,
      stamp,
      writeId: '',
      clearVersion: '',
    });
  }

  #isValid(copy: MemoryCopy): boolean {
    return this.changes.isValid(copy.stamp, copy.tags);
  }
}
