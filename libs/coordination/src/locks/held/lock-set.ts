import type { HeldLock } from './held-lock.js';
import type { Lock } from './lock.js';

/** Several locks that are held together: all, or it is held no longer. */
export class LockSet implements HeldLock {
  /** One for each key, sorted by key. */
  readonly locks: readonly Lock[];
  readonly signal: AbortSignal;

  /** @internal */
  constructor(locks: readonly Lock[]) {
    this.locks = locks;
    this.signal = AbortSignal.any(locks.map(({ signal }) => signal));
  }

  get keys(): readonly string[] {
    return this.locks.map(({ key }) => key);
  }

  get isHeld(): boolean {
    return this.locks.every(({ isHeld }) => isHeld);
  }

  /** The lock of one key. Each has a fencing token of its own, for what that key stands for. */
  of(key: string): Lock | undefined {
    return this.locks.find((lock) => lock.key === key);
  }

  remainingMs(): number {
    return Math.min(...this.locks.map((lock) => lock.remainingMs()));
  }

  assertHeld(): void {
    for (const lock of this.locks) lock.assertHeld();
  }

  async release(): Promise<boolean> {
    const outcomes = await Promise.allSettled([...this.locks].reverse().map((lock) => lock.release()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return outcomes.every((outcome) => outcome.status === 'fulfilled' && outcome.value);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release().then(() => undefined);
  }
}
