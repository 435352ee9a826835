import { StrataError } from '@nest-strata/core';

/** A value takes more bytes than the cache may store under one key; it was not stored. */
export class ValueTooLargeError extends StrataError {
  readonly code = 'VALUE_TOO_LARGE';

  constructor(
    readonly key: string,
    readonly bytes: number,
    readonly maxValueBytes: number,
  ) {
    super(
      `The value takes ${String(bytes)} bytes, but one key may hold ${String(maxValueBytes)}. ` +
        'Cache less of it, split it over several keys, or raise maxValueBytes.',
    );
  }
}
