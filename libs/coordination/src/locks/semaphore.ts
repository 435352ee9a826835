import type { Lock } from './held/lock.js';
import type { LockTaker } from './lock-taker.js';
import type { AcquireOptions } from './options/lock-options.js';

/** What is up to the caller of a lock that says itself who may share it. */
export type SharedLockOptions = Omit<AcquireOptions, 'mode' | 'limit'>;

/** A lock that several may hold at the same time, up to a number on which all who use it agree. */
export class Semaphore {
  readonly #locks: LockTaker;

  /** @internal */
  constructor(
    locks: LockTaker,
    readonly key: string,
    readonly permits: number,
  ) {
    this.#locks = locks;
  }

  /** As `LockService.acquire`. */
  acquire(options: SharedLockOptions = {}): Promise<Lock> {
    return this.#locks.acquire(this.key, { ...options, mode: 'shared', limit: this.permits });
  }

  /** As `LockService.tryAcquire`. */
  tryAcquire(options: Omit<SharedLockOptions, 'wait'> = {}): Promise<Lock | undefined> {
    return this.#locks.tryAcquire(this.key, { ...options, mode: 'shared', limit: this.permits });
  }

  /** As `LockService.withLock`. */
  withPermit<Result>(options: SharedLockOptions, task: (lock: Lock) => Result | Promise<Result>): Promise<Result> {
    return this.#locks.withLock(this.key, { ...options, mode: 'shared', limit: this.permits }, task);
  }
}
