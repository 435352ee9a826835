/** What a handler is to be told next: something, or that something is missing before what comes after. */
export type QueueEntry<Item> = { readonly item: Item } | { readonly gap: GapReason };

/** Why messages may be missing. */
export type GapReason = 'connection' | 'overflow';

/**
 * What waits for a handler, in order and bounded. When it is full, the oldest gives way, and the handler is told in its
 * place that something is missing.
 */
export class HandlerQueue<Item> {
  readonly #limit: number;
  readonly #keyOf: ((item: Item) => string) | undefined;
  /** By number, so that an entry can be replaced where it stands. */
  readonly #entries = new Map<number, QueueEntry<Item>>();
  readonly #numbers = new Map<string, number>();
  #next = 0;
  #itemCount = 0;

  /** `keyOf` makes a newer item take the place of a waiting one of the same key. */
  constructor(limit: number, keyOf?: (item: Item) => string) {
    this.#limit = limit;
    this.#keyOf = keyOf;
  }

  /** How many items wait. */
  get length(): number {
    return this.#itemCount;
  }

  /** Adds an item; returns how many were dropped for it. */
  push(item: Item): number {
    const key = this.#keyOf?.(item);
    const waiting = key === undefined ? undefined : this.#numbers.get(key);
    if (waiting !== undefined) {
      this.#entries.set(waiting, { item });
      return 0;
    }
    const dropped = this.#itemCount >= this.#limit ? this.#dropOldest() : 0;
    if (key !== undefined) this.#numbers.set(key, this.#next);
    this.#entries.set(this.#next++, { item });
    this.#itemCount++;
    return dropped;
  }

  /** Something is missing between what waits and what comes. */
  pushGap(gap: GapReason): void {
    const last = this.#entries.get(this.#next - 1);
    if (last === undefined || 'item' in last) this.#entries.set(this.#next++, { gap });
  }

  /** Takes what is next; `undefined` when nothing waits. */
  shift(): QueueEntry<Item> | undefined {
    for (const [number, entry] of this.#entries) {
      this.#entries.delete(number);
      if ('item' in entry) this.#forget(entry.item);
      return entry;
    }
    return undefined;
  }

  clear(): void {
    this.#entries.clear();
    this.#numbers.clear();
    this.#itemCount = 0;
  }

  /** What is dropped leaves a gap, which is one with the gaps beside it. */
  #dropOldest(): number {
    let hasGap = false;
    let count = 0;
    for (const [number, entry] of this.#entries) {
      if ('item' in entry && count > 0) break;
      if (hasGap) this.#entries.delete(number);
      else if ('item' in entry) this.#entries.set(number, { gap: 'overflow' });
      hasGap = true;
      if ('gap' in entry) continue;
      this.#forget(entry.item);
      count = 1;
    }
    return count;
  }

  #forget(item: Item): void {
    this.#itemCount--;
    const key = this.#keyOf?.(item);
    if (key !== undefined) this.#numbers.delete(key);
  }
}
