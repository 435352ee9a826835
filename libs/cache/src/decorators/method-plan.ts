import type { DecoratedMethod } from './decorated-method.js';
import { freshnessProblems } from './decorator-option.rules.js';
import type { CacheConfigOptions } from './decorator-options.js';
import { EvictOperation } from './evict.operation.js';
import { InvalidDecoratorError } from './invalid-decorator.error.js';
import { StoreOperation } from './store.operation.js';

/** What a decorated method does on each call of an instance of one class. */
export interface MethodPlan {
  readonly cacheables: readonly StoreOperation[];
  readonly puts: readonly StoreOperation[];
  readonly earlyEvicts: readonly EvictOperation[];
  readonly lateEvicts: readonly EvictOperation[];
  /** Whether there is nothing but `cacheables`. */
  readonly onlyReads: boolean;
}

interface Operations {
  readonly cacheables: StoreOperation[];
  readonly puts: StoreOperation[];
  readonly earlyEvicts: EvictOperation[];
  readonly lateEvicts: EvictOperation[];
}

/**
 * Fills the defaults of the class into the rules of a method, and sorts them by when they act.
 *
 * @param stem what default keys begin with
 * @throws InvalidDecoratorError where the options of the method and those of the class do not go together
 */
export function planMethod(method: DecoratedMethod, config: CacheConfigOptions, stem: string): MethodPlan {
  const plan: Operations = { cacheables: [], puts: [], earlyEvicts: [], lateEvicts: [] };
  const withDefaults = <Options extends object>(decorator: string, options: Options): CacheConfigOptions & Options => {
    const together = { ...config, ...options };
    const problems = freshnessProblems({ ...together });
    if (problems.length > 0) throw new InvalidDecoratorError(decorator, method.label, problems);
    return together;
  };
  for (const operation of method.operations) {
    const place = `@${operation.decorator} on ${method.label}`;
    switch (operation.decorator) {
      case 'Cacheable':
        plan.cacheables.push(new StoreOperation(place, stem, withDefaults(operation.decorator, operation.options)));
        break;
      case 'CachePut':
        plan.puts.push(new StoreOperation(place, stem, withDefaults(operation.decorator, operation.options)));
        break;
      case 'CacheEvict': {
        const evicts = operation.options.beforeInvocation ? plan.earlyEvicts : plan.lateEvicts;
        evicts.push(new EvictOperation(place, { ...cacheOf(config), ...operation.options }));
      }
    }
  }
  return { ...plan, onlyReads: plan.cacheables.length === method.operations.length };
}

/** Of the defaults of a class, evictions take the name of the cache only. */
function cacheOf({ cache }: CacheConfigOptions): Pick<CacheConfigOptions, 'cache'> {
  return cache === undefined ? {} : { cache };
}
