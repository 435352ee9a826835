import { StrataError } from '@nest-strata/core';
import { describeGiven } from '../options/describe-given.js';

/** A function among the options of a caching decorator returned what the option cannot be. */
export class InvalidOptionResultError extends StrataError {
  readonly code = 'INVALID_OPTION_RESULT';

  /**
   * @param place the decorator and its method, as in `@Cacheable on HeroService.find`
   * @param option the option's name
   * @param returned what the function returned
   * @param advice what to return instead
   */
  constructor(
    readonly place: string,
    readonly option: string,
    readonly returned: unknown,
    advice: string,
  ) {
    super(`The function ${option} of ${place} returned ${describeReturned(returned)}; return ${advice}.`);
  }
}

function describeReturned(returned: unknown): string {
  if (returned instanceof Promise) return 'a Promise, and options are not waited for';
  return returned === undefined ? 'undefined' : describeGiven(returned);
}
