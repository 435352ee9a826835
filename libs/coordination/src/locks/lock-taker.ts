import type { Lock } from './held/lock.js';
import type { AcquireOptions } from './options/lock-options.js';

/** What a semaphore needs of a `LockService`. */
export interface LockTaker {
  acquire(key: string, options: AcquireOptions): Promise<Lock>;
  tryAcquire(key: string, options: Omit<AcquireOptions, 'wait'>): Promise<Lock | undefined>;
  withLock<Result>(
    key: string,
    options: AcquireOptions,
    task: (lock: Lock) => Result | Promise<Result>,
  ): Promise<Result>;
}
