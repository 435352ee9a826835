import { AsyncLocalStorage } from 'node:async_hooks';

interface Lineage {
  readonly owner: object;
  readonly keys: readonly string[];
  readonly parent: Lineage | undefined;
  /** What the loader left behind, such as a timer or a pool, waits for it no longer. */
  isOver: boolean;
}

const lineage = new AsyncLocalStorage<Lineage>();

/** Runs a loader so that {@link isBeingLoadedBy} knows, in everything it calls, which keys of which cache it loads. */
export async function runAsLoaderOf<T>(owner: object, keys: readonly string[], load: () => T | Promise<T>): Promise<T> {
  const own: Lineage = { owner, keys, parent: runningAncestor(lineage.getStore()), isOver: false };
  try {
    return await lineage.run(own, load);
  } finally {
    own.isOver = true;
  }
}

/** Whether the code that runs was called, however deep, by a loader of this very key that has not ended yet. */
export function isBeingLoadedBy(owner: object, key: string): boolean {
  let ancestor = runningAncestor(lineage.getStore());
  while (ancestor !== undefined) {
    if (ancestor.owner === owner && ancestor.keys.includes(key)) return true;
    ancestor = runningAncestor(ancestor.parent);
  }
  return false;
}

function runningAncestor(ancestor: Lineage | undefined): Lineage | undefined {
  let running = ancestor;
  while (running?.isOver === true) running = running.parent;
  return running;
}
