import { Inject } from '@nestjs/common';
import { LockService } from '../locks/lock.service.js';
import { MissingLockServiceError } from './missing-lock-service.error.js';

const LOCKS = Symbol('LockService');

const receivers = new WeakSet<object>();

/**
 * Has Nest give every instance of a class the locks of its application, by property injection. Where there is no
 * LockModule, Nest refuses to boot and shows the name of the property; so that name is a sentence.
 */
export function receiveLocks(prototype: object, label: string): void {
  if (receivers.has(prototype)) return;
  receivers.add(prototype);
  const property = Symbol(
    `${label} is locked: add LockModule.forRoot(…) to the imports of the root module; LockService`,
  );
  Object.defineProperty(prototype, property, {
    configurable: true,
    set(this: object, locks: unknown) {
      // An automatic mock gives no locks.
      if (locks instanceof LockService) attachLocks(this, locks);
    },
  });
  Inject(LockService)(prototype, property);
}

/**
 * Gives an instance that Nest did not make the locks for its `@Locked` methods: in a unit test, or in a `useFactory`.
 *
 * @returns the instance
 */
export function attachLocks<T extends object>(instance: T, locks: LockService): T {
  Object.defineProperty(instance, LOCKS, { value: locks, configurable: true, writable: true });
  return instance;
}

/** @throws MissingLockServiceError when nobody gave it one */
export function locksOf(instance: object, label: string): LockService {
  const locks = (instance as { [LOCKS]?: LockService })[LOCKS];
  if (locks === undefined) throw new MissingLockServiceError(label);
  return locks;
}
