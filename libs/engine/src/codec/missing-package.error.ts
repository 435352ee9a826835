import { StrataError } from '@nest-strata/core';

/** Something was chosen that needs a package which the application has not installed. */
export class MissingPackageError extends StrataError {
  readonly code = 'MISSING_PACKAGE';

  constructor(
    readonly packageName: string,
    neededFor: string,
    cause: unknown,
  ) {
    super(`The package ${packageName} could not be loaded, which ${neededFor} needs. Run: npm install ${packageName}`, {
      cause,
    });
  }
}
