import { StrataError } from '@nest-strata/core';

/** A caching decorator cannot mean anything where it stands, or as it is written. Thrown where the class is defined. */
export class InvalidDecoratorError extends StrataError {
  readonly code = 'INVALID_DECORATOR';

  /**
   * @param decorator its name, without `@`
   * @param place what it decorates, as in `HeroService.find`
   * @param problems what is wrong and what to write, one sentence or two each
   */
  constructor(
    readonly decorator: string,
    readonly place: string,
    readonly problems: readonly string[],
  ) {
    super(`@${decorator} on ${place} cannot work:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}
