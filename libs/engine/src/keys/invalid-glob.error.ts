import { StrataError } from '@nest-strata/core';

/** The text given is no glob. */
export class InvalidGlobError extends StrataError {
  readonly code = 'INVALID_GLOB';

  constructor(
    readonly glob: unknown,
    problem: string,
  ) {
    super(
      `${typeof glob === 'string' ? JSON.stringify(glob) : String(glob)} is no pattern for keys: ${problem}. ` +
        "Write '*' for any text, '?' for one character, '[abc]', '[a-z]' or '[^a]' for one of a set, and '\\\\' before a character that stands for itself.",
    );
  }
}
