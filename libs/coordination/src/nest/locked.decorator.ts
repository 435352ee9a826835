import { InvalidLockOptionsError } from '../locks/errors/invalid-lock-options.error.js';
import type { AcquireOptions } from '../locks/options/lock-options.js';
import { locksOf, receiveLocks } from './lock-receiver.js';

/** Which lock a method runs under, and how it takes that. */
export interface LockedOptions<Args extends readonly unknown[] = readonly unknown[]> extends Omit<
  AcquireOptions,
  'signal'
> {
  /** The key, or several, or a function that makes it of the arguments of the call (`this` is the instance). */
  readonly key: string | readonly string[] | ((...args: Args) => string | readonly string[]);
  /**
   * Whether a call by code that runs under the same key goes on under that lock. Default `false`: it fails at once with a
   * LockReentryError, for it would wait for itself. For one key, not for several.
   */
  readonly reenter?: boolean;
}

type AsyncMethod = (...args: never[]) => Promise<unknown>;
type Fits<Args extends readonly unknown[], Method extends AsyncMethod> =
  Parameters<Method> extends readonly [...Args, ...unknown[]] ? unknown : { readonly keyTakesOtherArguments: Args };

/** Checks that the function for the key takes what the method is called with. */
export type LockedDecorator<Args extends readonly unknown[]> = <Method extends AsyncMethod>(
  target: object,
  propertyKey: string | symbol,
  descriptor: TypedPropertyDescriptor<Method> & Fits<Args, Method>,
) => void;

/**
 * Runs the method under a lock, as `LockService.withLock` does; what that throws, the call rejects with. Inside, the lock
 * is `lockService.current()`.
 *
 * The method is wrapped where it stands, so that a call by `this` is locked, too. A class with such a method in an
 * application without `LockModule` ends the boot.
 *
 * @throws InvalidLockOptionsError where the class is defined, when there is no key
 */
export function Locked<const Args extends readonly unknown[] = readonly []>(
  options: LockedOptions<Args>,
): LockedDecorator<Args> {
  const { key, reenter = false, ...acquire } = options;
  if (typeof key !== 'string' && typeof key !== 'function' && !Array.isArray(key)) {
    throw new InvalidLockOptionsError('key', 'is missing. Write @Locked({ key: (id) => `story:${id}` })');
  }
  return (target, propertyKey, descriptor) => {
    const original = descriptor.value as unknown as (this: object, ...args: unknown[]) => Promise<unknown>;
    const label = `${target.constructor.name}.${String(propertyKey)}`;
    const wrapper = async function (this: object, ...args: unknown[]): Promise<unknown> {
      const locks = locksOf(this, label);
      const keys = typeof key === 'function' ? key.apply(this, args as unknown as [...Args]) : key;
      const outer = reenter && typeof keys === 'string' ? locks.current(keys) : undefined;
      const withLock = outer === undefined ? acquire : { ...acquire, reenter: outer.owner };
      return locks.withLock(keys, withLock, () => original.apply(this, args));
    };
    takeAfter(wrapper, original);
    descriptor.value = wrapper as never;
    receiveLocks(target, label);
  };
}

/** Gives the wrapper the name, the length and the metadata of what it wraps, so that other decorators find them. */
function takeAfter(wrapper: object, original: object): void {
  for (const property of ['name', 'length'] as const) {
    const value: unknown = Object.getOwnPropertyDescriptor(original, property)?.value;
    Object.defineProperty(wrapper, property, { value, configurable: true });
  }
  for (const key of Reflect.getOwnMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), wrapper);
  }
}
