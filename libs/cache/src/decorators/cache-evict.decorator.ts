import type { CacheDecorator, OfSomeMethod, OnlyKnown } from './cache-decorator.js';
import { decorateMethod } from './decorate-method.js';
import type { CacheEvictOptions } from './decorator-options.js';

/**
 * Evicts what the method makes untrue, once it has succeeded; the call resolves after the eviction.
 *
 * @throws InvalidDecoratorError where the class is defined, for wrong options and for a method that cannot be cached
 */
export function CacheEvict<const Given extends OfSomeMethod<CacheEvictOptions<never[], never>>>(
  options: OnlyKnown<Given, CacheEvictOptions>,
): CacheDecorator<'CacheEvict', Given> {
  return decorateMethod('CacheEvict', options);
}
