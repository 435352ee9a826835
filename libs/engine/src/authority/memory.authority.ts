import type { Clock } from '@nest-strata/core';
import { FullTrust } from '../coherence/copy-trust.js';
import type { CacheEntry } from '../entry/cache-entry.js';
import type { Lifetime } from '../entry/lifetime.js';
import { NO_SOURCE_VERSION } from '../entry/source-version.js';
import { ValueTooLargeError } from '../envelope/value-too-large.error.js';
import { quietUntilMs } from '../freshness/freshness.policy.js';
import type { KeySpace } from '../keys/key-space.js';
import { Moments } from '../memory/moments.js';
import type { MemoryCopy, MemoryStore } from '../memory/memory-store.js';
import type { KeptValue, ValueKeeper } from '../memory/value-keeper.js';
import type { ResolvedCacheOptions } from '../options/cache-options.js';
import { sizeOfValue } from '../values/size-of-value.js';
import { Authority } from './authority.port.js';
import type {
  AuthorityAnswer,
  EntryDraft,
  LoadClaim,
  StoredEntry,
  StoreResult,
  WriteTicket,
} from './authority.port.js';
import { NotACounterError } from './not-a-counter.error.js';

const MAX_FLOORS = 10_000;
const MAX_REMEMBERED_EVICTS = 10_000;

/** Knows what was evicted after it was taken. */
interface MemoryTicket extends WriteTicket {
  readonly stamp: number;
}

/**
 * The authority of a cache without Redis: memory decides, and what is not there is not anywhere.
 *
 * Writes reach memory through the writer, which keeps what this authority accepted; those with a version are in it at
 * once. The single flight of a process is all that loads need here, so every claim is granted.
 */
export class MemoryAuthority extends Authority<MemoryTicket> {
  override readonly tier = 'memory';
  override readonly isShared = false;
  /** The versions that were deleted, and until when lower ones are refused. */
  readonly #floors = new Map<string, { readonly version: string; readonly untilMs: number }>();
  readonly #evicts = new Moments(MAX_REMEMBERED_EVICTS);

  constructor(
    private readonly memory: MemoryStore,
    private readonly keeper: ValueKeeper,
    private readonly keySpace: KeySpace,
    private readonly clock: Clock,
    private readonly options: ResolvedCacheOptions,
  ) {
    super();
  }

  override async read(keys: readonly string[]): Promise<AuthorityAnswer> {
    return { entries: keys.map((key) => this.#find(key)), seen: [] };
  }

  override async claim(
    keys: readonly string[],
    _seen: readonly unknown[] | undefined,
    tags: readonly string[],
  ): Promise<LoadClaim<MemoryTicket>[]> {
    return keys.map(() => ({ kind: 'granted', ticket: this.#ticket(tags) }));
  }

  override async seize(key: string, tags: readonly string[]): Promise<MemoryTicket> {
    await this.delete([key]);
    return this.#ticket(tags);
  }

  override fill(key: string, draft: EntryDraft, ticket: MemoryTicket): Promise<StoreResult> {
    return this.write(key, draft, ticket);
  }

  override async renew(key: string, times: Lifetime): Promise<boolean> {
    return this.#retime(key, this.#find(key), times);
  }

  override async discard(key: string): Promise<boolean> {
    return (await this.delete([key])) > 0;
  }

  override async release(): Promise<void> {
    // There is nobody else to tell.
  }

  override async forgive(): Promise<void> {
    // No failure stands in the way of a claim.
  }

  override async untilReleased(): Promise<void> {
    // No claim is ever held by others.
  }

  override async openTicket(tags: readonly string[]): Promise<MemoryTicket> {
    return this.#ticket(tags);
  }

  override async write(key: string, draft: EntryDraft, ticket: MemoryTicket): Promise<StoreResult> {
    const result = this.#accept(key, draft);
    const isVersioned = draft.sourceVersion !== NO_SOURCE_VERSION;
    // At once, for the next one of a lower version to meet it: the writer keeps nothing once another write has begun.
    if (result.kind === 'stored' && isVersioned && !this.#isEvicted(key, result.entry, ticket)) {
      this.#keep(key, this.keeper.keepForeign(draft.value), result.entry);
    }
    return result;
  }

  #accept(key: string, draft: EntryDraft): StoreResult {
    this.#checkSize(key, draft);
    const stored = this.memory.find(key)?.sourceVersion ?? NO_SOURCE_VERSION;
    const floor = this.#floorOf(key);
    const isOlder =
      draft.sourceVersion !== NO_SOURCE_VERSION && draft.sourceVersion < (stored > floor ? stored : floor);
    return isOlder ? { kind: 'older-version' } : { kind: 'stored', entry: toEntry(draft) };
  }

  override async writeIf(condition: 'absent' | 'present', key: string, draft: EntryDraft): Promise<StoreResult> {
    const isPresent = this.#findFresh(key) !== undefined;
    if (isPresent !== (condition === 'present')) return { kind: 'unmet' };
    const result = this.#accept(key, draft);
    if (result.kind === 'stored') this.#keep(key, this.keeper.keepForeign(draft.value), result.entry);
    return result;
  }

  override async delete(keys: readonly string[]): Promise<number> {
    const moment = this.memory.changes.next();
    for (const key of keys) this.#evicts.note(key, moment);
    return keys.filter((key) => this.#remove(key)).length;
  }

  override async deleteVersion(key: string, version: string, floorMs: number): Promise<number> {
    const copy = this.#find(key);
    if ((copy !== undefined && copy.sourceVersion > version) || this.#floorOf(key) > version) return 0;
    this.#floors.delete(key);
    this.#floors.set(key, { version, untilMs: this.clock.monotonicMs() + floorMs });
    const [oldest] = this.#floors.keys();
    if (this.#floors.size > MAX_FLOORS && oldest !== undefined) this.#floors.delete(oldest);
    return this.#remove(key) ? 1 : 0;
  }

  override async invalidateTags(): Promise<void> {
    // Memory itself remembers the invalidation: see MemoryStore.
  }

  override async clear(): Promise<void> {
    // As above.
  }

  override async deleteMatching(glob: string): Promise<number> {
    const pattern = this.keySpace.glob(glob);
    this.#evicts.noteAll(this.memory.changes.next());
    return this.memory.tier.removeMatching((key) => pattern.matches(key));
  }

  override async expire(key: string): Promise<boolean> {
    this.#evicts.note(key, this.memory.changes.next());
    const copy = this.#findFresh(key);
    return this.#retime(key, copy, copy && { ...copy, freshUntilMs: -Infinity });
  }

  override async touch(key: string, freshForMs: number, extraMs: number): Promise<boolean> {
    const copy = this.#findFresh(key);
    const freshUntilMs = this.clock.monotonicMs() + freshForMs;
    return this.#retime(key, copy, copy && { ...copy, freshUntilMs, goneAtMs: freshUntilMs + extraMs });
  }

  override async slide(key: string, entry: StoredEntry, freshUntilMs: number): Promise<void> {
    const goneAtMs = freshUntilMs + (entry.goneAtMs - entry.freshUntilMs);
    this.#retime(key, this.#find(key), { ...entry, freshUntilMs, goneAtMs });
  }

  override async increment(key: string, by: number, ttlMs: number): Promise<number> {
    this.keySpace.valueKey(key);
    const copy = this.#findFresh(key);
    if (copy !== undefined && !Number.isSafeInteger(copy.value)) throw new NotACounterError(key);
    const sum = by + ((copy?.value as number | undefined) ?? 0);
    const nowMs = this.clock.monotonicMs();
    const untilMs = nowMs + ttlMs;
    const made = { createdAtMs: nowMs, freshUntilMs: untilMs, goneAtMs: untilMs, tags: [], etag: undefined, loadMs: 0 };
    const entry = copy ?? toEntry({ ...made, value: sum, sourceVersion: NO_SOURCE_VERSION });
    this.#keep(key, { value: sum, isCopiedOnRead: false }, entry);
    return sum;
  }

  override async *keys(glob: string): AsyncIterable<string> {
    for await (const keys of this.memory.tier.keys(glob)) {
      for (const key of keys) if (this.#findFresh(key) !== undefined) yield key;
    }
  }

  override async close(): Promise<void> {
    // Nothing is held elsewhere.
  }

  #ticket(tags: readonly string[]): MemoryTicket {
    return { tags, stamp: this.memory.changes.stamp() };
  }

  #checkSize(key: string, { value }: EntryDraft): void {
    this.keySpace.valueKey(key);
    const bytes = sizeOfValue(value);
    const { maxValueBytes } = this.options.limits;
    if (bytes > maxValueBytes) throw new ValueTooLargeError(key, bytes, maxValueBytes);
  }

  #isEvicted(key: string, { tags }: StoredEntry, { stamp }: MemoryTicket): boolean {
    return stamp < this.#evicts.of(key) || !this.memory.changes.isValid(stamp, tags);
  }

  #remove(key: string): boolean {
    return this.#find(key) !== undefined && this.memory.tier.remove(key);
  }

  #find(key: string): MemoryCopy | undefined {
    this.keySpace.valueKey(key);
    return this.memory.find(key);
  }

  #findFresh(key: string): MemoryCopy | undefined {
    const copy = this.#find(key);
    return copy !== undefined && this.clock.monotonicMs() < copy.freshUntilMs ? copy : undefined;
  }

  #floorOf(key: string): string {
    const floor = this.#floors.get(key);
    return floor !== undefined && this.clock.monotonicMs() < floor.untilMs ? floor.version : NO_SOURCE_VERSION;
  }

  #retime(key: string, copy: MemoryCopy | undefined, times: Lifetime | undefined): boolean {
    if (copy === undefined || times === undefined) return false;
    const { createdAtMs, freshUntilMs, goneAtMs } = times;
    return this.#keep(key, copy, { ...copy, createdAtMs, freshUntilMs, goneAtMs });
  }

  #keep(key: string, kept: KeptValue, entry: StoredEntry): boolean {
    const stamp = this.memory.changes.stamp();
    return this.memory.keep(key, {
      entry,
      kept,
      mark: FullTrust.MARK,
      stamp,
      quietUntilMs: quietUntilMs(entry, this.options),
    });
  }
}

function toEntry(draft: EntryDraft): CacheEntry {
  const { tags, ...facts } = draft;
  return { ...facts, tags: tags.map((tag) => ({ tag, version: '' })), writeId: '', clearVersion: '' };
}
