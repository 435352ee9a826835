import { AsyncLocalStorage } from 'node:async_hooks';

interface Lineage {
  readonly owner: object;
  readonly keys: readonly string[];
  readonly parent: Lineage | undefined;
}

const lineage = new AsyncLocalStorage<Lineage>();

/** Runs a loader so that {@link isBeingLoadedBy} knows, in everything it calls, which keys of which cache it loads. */
export function runAsLoaderOf<T>(owner: object, keys: readonly string[], load: () => T): T {
  return lineage.run({ owner, keys, parent: lineage.getStore() }, load);
}

/** Whether the code that runs was called, however deep, by the loader of this very key. */
export function isBeingLoadedBy(owner: object, key: string): boolean {
  for (let ancestor = lineage.getStore(); ancestor !== undefined; ancestor = ancestor.parent) {
    if (ancestor.owner === owner && ancestor.keys.includes(key)) return true;
  }
  return false;
}
