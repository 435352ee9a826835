import { StrataError } from '@nest-strata/core';

/** A class cannot be registered as asked. */
export class TypeRegistrationError extends StrataError {
  readonly code = 'TYPE_REGISTRATION';

  constructor(
    readonly typeName: string,
    problem: string,
  ) {
    super(`The class ${typeName} cannot be registered for caching: ${problem}`);
  }
}
