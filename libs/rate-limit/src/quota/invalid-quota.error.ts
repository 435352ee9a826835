import { StrataError } from '@nest-strata/core';

/** A quota cannot be kept as it is declared, or a request to it cannot be counted. */
export class InvalidQuotaError extends StrataError {
  readonly code = 'INVALID_QUOTA';

  constructor(
    readonly quota: string,
    readonly problems: readonly { readonly path: string; readonly message: string }[],
  ) {
    super(
      `The quota ${JSON.stringify(quota)} is not valid:${problems.map(({ path, message }) => `\n- ${path}: ${message}`).join('')}`,
    );
  }
}
