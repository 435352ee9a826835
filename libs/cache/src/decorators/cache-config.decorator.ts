import { classNameOf } from './decorated-method.js';
import type { Class } from './decorated-method.js';
import { problemsOf } from './decorator-option.rules.js';
import type { CacheConfigOptions } from './decorator-options.js';
import { givenOptions } from './given-options.js';
import { InvalidDecoratorError } from './invalid-decorator.error.js';

const configByClass = new WeakMap<object, CacheConfigOptions>();

/**
 * Defaults for the decorated methods of a class and of its subclasses; what a method says wins. A subclass inherits the
 * options that its own `@CacheConfig` leaves out, but for `keyPrefix`, which like the name of a class is not inherited.
 *
 * @throws InvalidDecoratorError where the class is defined, for wrong options
 */
export function CacheConfig(options: CacheConfigOptions): ClassDecorator {
  return (target) => {
    const problems = problemsOf('CacheConfig', options);
    if (problems.length > 0) throw new InvalidDecoratorError('CacheConfig', classNameOf(target), problems);
    configByClass.set(target, givenOptions(options));
  };
}

/** The defaults for the methods of a class, with those that it inherits. */
export function cacheConfigOf(concreteClass: Class): CacheConfigOptions {
  const { keyPrefix: _, ...inherited } = configOfParent(concreteClass);
  return { ...inherited, ...configByClass.get(concreteClass) };
}

function configOfParent(concreteClass: Class): CacheConfigOptions {
  const parent = Object.getPrototypeOf(concreteClass) as Class | null;
  return parent === null ? {} : cacheConfigOf(parent);
}
