import type { CacheDecorator, OfSomeMethod, OnlyKnown } from './cache-decorator.js';
import { decorateMethod } from './decorate-method.js';
import type { CacheableOptions } from './decorator-options.js';

/**
 * Runs the method once per key, and returns what it returned until that expires or is evicted.
 *
 * Calls that miss the same key at the same time share one run, in all processes. What the method throws reaches the
 * callers as it is, unless there is a copy within its grace or a fallback, and is not stored. Of several caches the first
 * that has the key answers; when none has it, the result goes to all.
 *
 * @throws InvalidDecoratorError where the class is defined, for wrong options and for a method that cannot be cached
 */
export function Cacheable<const Given extends OfSomeMethod<CacheableOptions<never[], never, unknown>> = object>(
  options?: OnlyKnown<Given, CacheableOptions>,
): CacheDecorator<'Cacheable', Given> {
  return decorateMethod('Cacheable', options ?? {});
}
