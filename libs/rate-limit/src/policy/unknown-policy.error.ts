import { StrataError } from '@nest-strata/core';

/** A request names a policy or a plan that nobody has declared. */
export class UnknownPolicyError extends StrataError {
  readonly code = 'UNKNOWN_POLICY';

  constructor(
    readonly kind: 'policy' | 'plan',
    readonly given: string,
    readonly known: readonly string[],
  ) {
    const declared = known.length === 0 ? 'none is declared' : `declared are ${known.join(', ')}`;
    super(`There is no ${kind} ${JSON.stringify(given)}: ${declared}. Check the name, or declare the ${kind}.`);
  }
}
