import { StrataError } from '@nest-strata/core';

/** A value, or something in it, could not be brought back from a cache as what it is; it was not stored. */
export class UnsupportedValueError extends StrataError {
  readonly code = 'UNSUPPORTED_VALUE';

  /**
   * @param path where in the value, such as `$.user.friends[2]`; `$` is the value itself
   * @param found what stands there
   */
  constructor(
    readonly path: string,
    readonly found: string,
    advice: string,
  ) {
    super(`Cannot cache ${found} at ${path}. ${advice}`);
  }
}
