import type { Clock } from '@nest-strata/core';
import type { CacheEntry, TagVersion } from '../entry/cache-entry.js';
import { MemoryTier } from '../tiers/memory.tier.js';
import { sizeOfValue } from '../values/size-of-value.js';
import { LocalInvalidations } from './local-invalidations.js';
import type { KeptValue } from './value-keeper.js';

/** An entry in memory. */
export interface MemoryCopy extends CacheEntry, KeptValue {
  /** The moment of {@link LocalInvalidations} at which the read or load of the value began. */
  readonly stamp: number;
}

/** The times of a {@link CacheEntry}. */
export interface Lifetime {
  readonly createdAtMs: number;
  readonly freshUntilMs: number;
  readonly goneAtMs: number;
}

/** The copies that this process holds, without those that its own invalidations have made worthless. */
export class MemoryStore {
  readonly tier: MemoryTier<MemoryCopy>;
  readonly #invalidations = new LocalInvalidations();

  constructor(
    private readonly clock: Clock,
    limits: { readonly maxEntries: number; readonly maxBytes: number },
  ) {
    this.tier = new MemoryTier(clock, limits, (key, copy) => 2 * key.length + sizeOfValue(copy.value));
  }

  /** The stamp for a read or load that begins now. */
  stamp(): number {
    return this.#invalidations.stamp();
  }

  /** The copy under `key` if it is fresh. */
  findFresh(key: string): MemoryCopy | undefined {
    const nowMs = this.clock.monotonicMs();
    const copy = this.tier.find(key, nowMs);
    return copy !== undefined && nowMs < copy.freshUntilMs && this.#isValid(copy) ? copy : undefined;
  }

  /** The copy under `key`, also one that was expired by hand. */
  find(key: string): MemoryCopy | undefined {
    const copy = this.tier.find(key, this.clock.monotonicMs());
    return copy !== undefined && this.#isValid(copy) ? copy : undefined;
  }

  /** Keeps a value unless it was invalidated since `stamp`; returns whether memory holds it now. */
  keep(key: string, kept: KeptValue, lifetime: Lifetime, tags: readonly TagVersion[], stamp: number): boolean {
    const { value, isCopiedOnRead } = kept;
    const { createdAtMs, freshUntilMs, goneAtMs } = lifetime;
    const copy = {
      value,
      isCopiedOnRead,
      createdAtMs,
      freshUntilMs,
      goneAtMs,
      tags,
      stamp,
      writeId: '',
      clearVersion: '',
    };
    return this.#isValid(copy) && this.tier.keep(key, copy);
  }

  remove(key: string): boolean {
    return this.tier.remove(key);
  }

  removeMatching(matches: (key: string) => boolean): number {
    return this.tier.removeMatching(matches);
  }

  invalidateTags(tags: readonly string[]): void {
    this.#invalidations.invalidateTags(tags);
  }

  clear(): void {
    this.#invalidations.invalidateAll();
    this.tier.removeAll();
  }

  #isValid(copy: MemoryCopy): boolean {
    return this.#invalidations.areValid(copy.stamp, copy.tags);
  }
}
