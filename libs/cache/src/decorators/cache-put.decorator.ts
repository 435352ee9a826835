import type { CacheDecorator, OfSomeMethod, OnlyKnown } from './cache-decorator.js';
import { decorateMethod } from './decorate-method.js';
import type { CachePutOptions } from './decorator-options.js';

/**
 * Always runs the method, and stores what it returns in place of what is there. When it throws, nothing changes.
 *
 * Calls that overlap store in the order in which they finish, which need not be the order in which the database saw
 * them. Where that matters, evict instead, or give the results a `version`.
 *
 * @throws InvalidDecoratorError where the class is defined, for wrong options and for a method that cannot be cached
 */
export function CachePut<const Given extends OfSomeMethod<CachePutOptions<never[], never>>>(
  options: OnlyKnown<Given, CachePutOptions>,
): CacheDecorator<'CachePut', Given> {
  return decorateMethod('CachePut', options);
}
