import type { Clock } from '@nest-strata/core';

/** Those who wait for the loads of others, by key. */
export class LeaseWaiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(private readonly clock: Clock) {}

  /** Resolves when the key is {@link wake}d, or after `timeoutMs`. */
  wait(key: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(key) ?? new Set();
      const timer = this.clock.setTimer(() => wake(), timeoutMs);
      const wake = () => {
        timer.cancel();
        waiters.delete(wake);
        if (waiters.size === 0 && this.#waiting.get(key) === waiters) this.#waiting.delete(key);
        resolve();
      };
      waiters.add(wake);
      this.#waiting.set(key, waiters);
    });
  }

  wake(key: string): void {
    for (const wake of [...(this.#waiting.get(key) ?? [])]) wake();
  }

  wakeAll(): void {
    for (const key of [...this.#waiting.keys()]) this.wake(key);
  }
}
