import { AsyncLocalStorage } from 'node:async_hooks';

interface Call {
  readonly repository: object;
  readonly parent: Call | undefined;
}

const calls = new AsyncLocalStorage<Call>();

/**
 * Runs a method of a repository. What it reads of the same repository meanwhile is not read through the cache: inside,
 * the class behaves as it was written, so that a write starts from the rows and no read waits for itself.
 */
export function runWithin<T>(repository: object, method: () => T): T {
  return calls.run({ repository, parent: calls.getStore() }, method);
}

/** Whether the code that runs was called, however deep, by a method of this repository. */
export function isWithin(repository: object): boolean {
  for (let call = calls.getStore(); call !== undefined; call = call.parent) {
    if (call.repository === repository) return true;
  }
  return false;
}
