import { StrataError } from '@nest-strata/core';

/** A key cannot be made of the arguments of a call, as one of them cannot be told from others like it. */
export class UnsupportedKeyArgumentError extends StrataError {
  readonly code = 'UNSUPPORTED_KEY_ARGUMENT';

  /**
   * @param argumentIndex which argument, counted from 0
   * @param path where in it, such as `arguments[0].user`
   * @param found what stands there
   */
  constructor(
    readonly argumentIndex: number,
    readonly path: string,
    readonly found: string,
  ) {
    super(
      `No key can be made of ${path}: it is ${found}. ` +
        'Give a `key` function that picks what tells one call from another, such as `key: (hero) => hero.id`.',
    );
  }
}
