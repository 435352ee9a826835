import { StrataError } from '@nest-strata/core';

/** A method was called with arguments of which no default key can be made. */
export class DefaultKeyError extends StrataError {
  readonly code = 'DEFAULT_KEY';

  /**
   * @param place the decorator and its method, as in `@Cacheable on HeroService.find`
   * @param cause which argument it is
   */
  constructor(
    readonly place: string,
    cause: Error,
  ) {
    super(`${place} needs a key of its own. ${cause.message}`, { cause });
  }
}
