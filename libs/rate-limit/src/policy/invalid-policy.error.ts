import { StrataError } from '@nest-strata/core';

/** One thing that is wrong with a policy. */
export interface PolicyProblem {
  /** The option's path: `limit`, `window`, `policies[1].name`. */
  readonly path: string;
  /** What was given and what to write instead. */
  readonly message: string;
}

/** A limit cannot be kept as it is declared; lists everything that is wrong with it. */
export class InvalidPolicyError extends StrataError {
  readonly code = 'INVALID_POLICY';

  constructor(
    /** The name of the policy, as far as it has one. */
    readonly policy: string,
    readonly problems: readonly PolicyProblem[],
  ) {
    super(
      `The policy ${JSON.stringify(policy)} is not valid:${problems.map(({ path, message }) => `\n- ${path}: ${message}`).join('')}`,
    );
  }
}
