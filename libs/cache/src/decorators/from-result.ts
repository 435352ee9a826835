type AnyFunction = ((...args: never[]) => unknown) | ((first: unknown, ...rest: never[]) => unknown);

/** An option that is a function of the method's result; {@link fromResult} makes it. */
export class FromResult<F> {
  constructor(readonly evaluate: F) {}
}

/**
 * Derives an option from what the method returned: the function gets the result first, then the method's arguments.
 *
 * @example
 * ```ts
 * @CachePut({ key: fromResult((hero: Hero) => `hero:${hero.id}`) })
 * async create(draft: HeroDraft): Promise<Hero>
 * ```
 */
export function fromResult<F extends AnyFunction>(evaluate: F): FromResult<F> {
  return new FromResult(evaluate);
}
