import type { CacheDecorator, CachingOfSomeMethod, OnlyKnown } from './cache-decorator.js';
import { decorateMethod } from './decorate-method.js';
import type { CachingOptions } from './decorator-options.js';

/**
 * Several caching rules for one method; the same as the single decorators written one above the other.
 *
 * One call evicts what is to be evicted before, and asks the `cacheable`s whose condition passes, in order. The first
 * hit is returned, unless a `put` applies; else the method runs and its result is stored. The other evictions follow.
 *
 * @throws InvalidDecoratorError where the class is defined, for wrong options and for a method that cannot be cached
 */
export function Caching<const Given extends CachingOfSomeMethod>(
  options: OnlyKnown<Given, CachingOptions>,
): CacheDecorator<'Caching', Given> {
  return decorateMethod('Caching', options);
}
