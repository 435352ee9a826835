import type { Lock } from './held/lock.js';
import type { LockTaker } from './lock-taker.js';
import type { SharedLockOptions } from './semaphore.js';

/**
 * A lock that any number may hold to read, or one to write. Readers who come after a writer wait behind it, unless they
 * are `{ fair: false }`. A reader cannot become a writer: it gives back the lock and asks again.
 *
 * The tokens of readers order them with writers; only those of writers are for a guard, since readers overlap.
 */
export class ReadWriteLock {
  readonly #locks: LockTaker;

  /** @internal */
  constructor(
    locks: LockTaker,
    readonly key: string,
  ) {
    this.#locks = locks;
  }

  /** As `LockService.acquire`, beside other readers. */
  acquireRead(options: SharedLockOptions = {}): Promise<Lock> {
    return this.#locks.acquire(this.key, { ...options, mode: 'shared' });
  }

  /** As `LockService.acquire`, alone. */
  acquireWrite(options: SharedLockOptions = {}): Promise<Lock> {
    return this.#locks.acquire(this.key, { ...options, mode: 'exclusive' });
  }

  /** As `LockService.withLock`, beside other readers. */
  withRead<Result>(options: SharedLockOptions, task: (lock: Lock) => Result | Promise<Result>): Promise<Result> {
    return this.#locks.withLock(this.key, { ...options, mode: 'shared' }, task);
  }

  /** As `LockService.withLock`, alone. */
  withWrite<Result>(options: SharedLockOptions, task: (lock: Lock) => Result | Promise<Result>): Promise<Result> {
    return this.#locks.withLock(this.key, { ...options, mode: 'exclusive' }, task);
  }
}
