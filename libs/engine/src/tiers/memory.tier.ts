import type { Clock } from '@nest-strata/core';
import type { CacheEntry } from '../entry/cache-entry.js';
import { KeyGlob } from '../keys/key-glob.js';
import { CacheTier } from './cache-tier.port.js';

/** The bounds of a {@link MemoryTier}. */
export interface MemoryTierLimits {
  /** The most entries kept; 0 keeps none. */
  readonly maxEntries: number;
  /** The most bytes kept, as `byteLengthOf` counts them; `Infinity`: no bound. */
  readonly maxBytes: number;
}

interface Node<Entry extends CacheEntry> {
  readonly key: string;
  entry: Entry;
  bytes: number;
  previous: Node<Entry>;
  next: Node<Entry>;
}

const KEYS_PER_BATCH = 1_000;
/** How many of the least recently used entries each write looks at for ones whose time is over. */
const SWEPT_PER_WRITE = 2;

/**
 * Entries in the memory of this process, bounded by their number and by their bytes; the least recently used leave
 * first.
 *
 * An entry whose time is over is never returned. Its memory is given back when it is read, when it comes to the end of
 * the queue, or when it must make room: there is no timer. The queue is a linked list, so that reads and writes cost the
 * same whatever the size (a `Map` that evicts its first key collapses: its holes are walked again each time).
 */
export class MemoryTier<Entry extends CacheEntry = CacheEntry> extends CacheTier {
  override readonly name = 'memory';
  /** Entries that left to make room since the tier was made. */
  evictedCount = 0;

  readonly #nodes = new Map<string, Node<Entry>>();
  /** The ring's fixed point: `head.next` is the most recently used, `head.previous` the least. */
  readonly #head: Node<Entry>;
  #bytes = 0;

  constructor(
    private readonly clock: Clock,
    private readonly limits: MemoryTierLimits,
    private readonly byteLengthOf: (key: string, entry: Entry) => number = () => 0,
  ) {
    super();
    const head = { key: '', bytes: 0 } as Node<Entry>;
    head.previous = head.next = head;
    this.#head = head;
  }

  /** False for a tier without room for a single entry. */
  get hasRoom(): boolean {
    return this.limits.maxEntries > 0;
  }

  get entryCount(): number {
    return this.#nodes.size;
  }

  get byteCount(): number {
    return this.#bytes;
  }

  /** The copy under `key`, without a promise; it becomes the most recently used. */
  find(key: string, nowMs: number): Entry | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    if (nowMs >= node.entry.goneAtMs) {
      this.#remove(node);
      return undefined;
    }
    if (this.#head.next !== node) {
      unlink(node);
      this.#linkFirst(node);
    }
    return node.entry;
  }

  /**
   * Keeps the entry and returns whether it did; one that is larger than all of `maxBytes` is not kept, nor is what it
   * would have replaced.
   */
  keep(key: string, entry: Entry): boolean {
    this.remove(key);
    const nowMs = this.clock.monotonicMs();
    if (nowMs >= entry.goneAtMs || !this.hasRoom) return false;
    const bytes = this.limits.maxBytes === Infinity ? 0 : this.byteLengthOf(key, entry);
    if (bytes > this.limits.maxBytes) return false;
    this.#sweep(nowMs);
    const node: Node<Entry> = { key, entry, bytes, previous: this.#head, next: this.#head };
    this.#nodes.set(key, node);
    this.#linkFirst(node);
    this.#bytes += bytes;
    this.#makeRoom();
    return true;
  }

  remove(key: string): boolean {
    const node = this.#nodes.get(key);
    if (node === undefined) return false;
    this.#remove(node);
    return true;
  }

  /** Removes the keys that `matches`; returns how many they were. */
  removeMatching(matches: (key: string) => boolean): number {
    const before = this.#nodes.size;
    for (const node of this.#nodes.values()) if (matches(node.key)) this.#remove(node);
    return before - this.#nodes.size;
  }

  removeAll(): void {
    this.#nodes.clear();
    this.#head.previous = this.#head.next = this.#head;
    this.#bytes = 0;
  }

  override read(keys: readonly string[]): Promise<(Entry | undefined)[]> {
    const nowMs = this.clock.monotonicMs();
    return Promise.resolve(keys.map((key) => this.find(key, nowMs)));
  }

  override write(key: string, entry: Entry): Promise<void> {
    this.keep(key, entry);
    return Promise.resolve();
  }

  override delete(keys: readonly string[]): Promise<number> {
    return Promise.resolve(keys.reduce((count, key) => count + Number(this.remove(key)), 0));
  }

  override async *keys(glob: string): AsyncIterable<string[]> {
    const pattern = new KeyGlob(glob);
    const nowMs = this.clock.monotonicMs();
    let batch: string[] = [];
    for (const { key, entry } of [...this.#nodes.values()]) {
      if (nowMs >= entry.goneAtMs || !pattern.matches(key)) continue;
      if (batch.push(key) === KEYS_PER_BATCH) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  }

  #sweep(nowMs: number): void {
    for (let looked = 0; looked < SWEPT_PER_WRITE; looked++) {
      const oldest = this.#head.previous;
      if (oldest === this.#head || nowMs < oldest.entry.goneAtMs) return;
      this.#remove(oldest);
    }
  }

  #makeRoom(): void {
    while (this.#nodes.size > this.limits.maxEntries || this.#bytes > this.limits.maxBytes) {
      this.#remove(this.#head.previous);
      this.evictedCount++;
    }
  }

  #remove(node: Node<Entry>): void {
    this.#nodes.delete(node.key);
    this.#bytes -= node.bytes;
    unlink(node);
  }

  #linkFirst(node: Node<Entry>): void {
    node.previous = this.#head;
    node.next = this.#head.next;
    node.next.previous = node;
    this.#head.next = node;
  }
}

function unlink(node: Node<CacheEntry>): void {
  node.previous.next = node.next;
  node.next.previous = node.previous;
}
