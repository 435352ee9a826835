/** Collects what belongs together and comes in one go, to handle it at once. */
export class SameTick<Key extends object, Item> {
  readonly #batches = new WeakMap<Key, { readonly items: Item[]; readonly handled: Promise<void> }>();

  constructor(private readonly handle: (key: Key, items: readonly Item[]) => Promise<void>) {}

  /** Adds an item to what else comes under `key` in this tick; resolves or rejects with the handling of all of it. */
  add(key: Key, item: Item): Promise<void> {
    let batch = this.#batches.get(key);
    if (batch === undefined) {
      const items: Item[] = [];
      const handled = Promise.resolve().then(() => {
        this.#batches.delete(key);
        return this.handle(key, items);
      });
      this.#batches.set(key, (batch = { items, handled }));
    }
    batch.items.push(item);
    return batch.handled;
  }
}
