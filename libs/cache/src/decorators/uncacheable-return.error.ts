import { StrataError } from '@nest-strata/core';

/** A decorated method returned, at run time, what no cache can stand in for. */
export class UncacheableReturnError extends StrataError {
  readonly code = 'UNCACHEABLE_RETURN';

  constructor(
    readonly method: string,
    returned: 'observable' | 'synchronous',
  ) {
    super(
      returned === 'observable'
        ? `${method} returned an Observable, but nothing in its declaration says so, and its callers got a Promise. ` +
            `Declare the return type, as in \`${nameOf(method)}(): Observable<Hero>\`, and import Observable without \`type\`.`
        : `${method} is decorated for caching and returned a value that is no Promise. ` +
            `Make the method async: a cache may have to be waited for.`,
    );
  }
}

function nameOf(method: string): string {
  return method.slice(method.lastIndexOf('.') + 1);
}
