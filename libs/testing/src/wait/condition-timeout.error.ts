import { StrataError } from '@nest-strata/core';

/** What a test waited for did not come about in time. */
export class ConditionTimeoutError extends StrataError {
  readonly code = 'CONDITION_TIMEOUT';

  /** @internal */
  constructor(
    condition: string,
    /** How long was waited. */
    readonly withinMs: number,
  ) {
    super(
      `Not true within ${withinMs} ms: ${condition}. ` +
        'See what was to make it true, or give it longer: eventually(condition, withinMs).',
    );
  }
}
