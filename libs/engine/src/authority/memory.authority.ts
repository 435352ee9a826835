import type { Clock } from '@nest-strata/core';
import { ValueTooLargeError } from '../envelope/value-too-large.error.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { KeySpace } from '../keys/key-space.js';
import type { MemoryCopy, MemoryStore } from '../memory/memory-store.js';
import type { ValueKeeper } from '../memory/value-keeper.js';
import type { ResolvedCacheOptions } from '../options/cache-options.js';
import { sizeOfValue } from '../values/size-of-value.js';
import { Authority } from './authority.port.js';
import type { EntryDraft, LoadTicket, StoreResult } from './authority.port.js';
import { NotACounterError } from './not-a-counter.error.js';

/**
 * The authority of a cache without Redis: memory decides, and what is not there is not anywhere.
 *
 * Writes reach memory through the writer, which keeps what this authority accepted.
 */
export class MemoryAuthority extends Authority {
  override readonly tier = 'memory';
  override readonly isShared = false;

  constructor(
    private readonly memory: MemoryStore,
    private readonly keeper: ValueKeeper,
    private readonly keySpace: KeySpace,
    private readonly clock: Clock,
    private readonly limits: ResolvedCacheOptions['limits'],
  ) {
    super();
  }

  override async read(keys: readonly string[]): Promise<(CacheEntry | undefined)[]> {
    return keys.map((key) => this.#find(key));
  }

  override async openTicket(tags: readonly string[]): Promise<LoadTicket> {
    return { tags };
  }

  override async write(key: string, draft: EntryDraft): Promise<StoreResult> {
    this.#checkSize(key, draft);
    return 'stored';
  }

  override async writeIfAbsent(key: string, draft: EntryDraft): Promise<boolean> {
    this.#checkSize(key, draft);
    if (this.memory.findFresh(key) !== undefined) return false;
    const tags = draft.tags.map((tag) => ({ tag, version: '' }));
    this.memory.keep(key, this.keeper.keepForeign(draft.value), draft, tags, this.memory.changes.stamp());
    return true;
  }

  override async delete(keys: readonly string[]): Promise<number> {
    return keys.filter((key) => this.#find(key) !== undefined && this.memory.tier.remove(key)).length;
  }

  override async invalidateTags(): Promise<void> {
    // Memory itself remembers the invalidation: see MemoryStore.
  }

  override async clear(): Promise<void> {
    // As above.
  }

  override async deleteMatching(glob: string): Promise<number> {
    const pattern = this.keySpace.glob(glob);
    return this.memory.tier.removeMatching((key) => pattern.matches(key));
  }

  override async expire(key: string): Promise<boolean> {
    return this.#prolong(key, (copy, nowMs) => ({ freshUntilMs: nowMs, goneAtMs: copy.goneAtMs }));
  }

  override async touch(key: string, ttlMs: number): Promise<boolean> {
    return this.#prolong(key, (_, nowMs) => ({ freshUntilMs: nowMs + ttlMs, goneAtMs: nowMs + ttlMs }));
  }

  override async increment(key: string, by: number, ttlMs: number): Promise<number> {
    this.keySpace.valueKey(key);
    const copy = this.memory.findFresh(key);
    if (copy !== undefined && !Number.isSafeInteger(copy.value)) throw new NotACounterError(key);
    const sum = by + ((copy?.value as number | undefined) ?? 0);
    const nowMs = this.clock.monotonicMs();
    const lifetime = copy ?? { createdAtMs: nowMs, freshUntilMs: nowMs + ttlMs, goneAtMs: nowMs + ttlMs };
    this.memory.keep(
      key,
      { value: sum, isCopiedOnRead: false },
      lifetime,
      copy?.tags ?? [],
      this.memory.changes.stamp(),
    );
    return sum;
  }

  override async *keys(glob: string): AsyncIterable<string> {
    for await (const keys of this.memory.tier.keys(glob)) {
      for (const key of keys) if (this.memory.findFresh(key) !== undefined) yield key;
    }
  }

  #checkSize(key: string, { value }: EntryDraft): void {
    this.keySpace.valueKey(key);
    const bytes = sizeOfValue(value);
    if (bytes > this.limits.maxValueBytes) throw new ValueTooLargeError(key, bytes, this.limits.maxValueBytes);
  }

  #find(key: string): MemoryCopy | undefined {
    this.keySpace.valueKey(key);
    return this.memory.find(key);
  }

  #prolong(
    key: string,
    change: (copy: MemoryCopy, nowMs: number) => { freshUntilMs: number; goneAtMs: number },
  ): boolean {
    this.keySpace.valueKey(key);
    const copy = this.memory.findFresh(key);
    if (copy === undefined) return false;
    const lifetime = { createdAtMs: copy.createdAtMs, ...change(copy, this.clock.monotonicMs()) };
    return this.memory.keep(key, copy, lifetime, copy.tags, this.memory.changes.stamp());
  }
}
