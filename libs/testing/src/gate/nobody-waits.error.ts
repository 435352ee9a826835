import { StrataError } from '@nest-strata/core';

/** A gate was to let somebody through, and nobody was there: the script of the test and the code do not meet. */
export class NobodyWaitsError extends StrataError {
  readonly code = 'GATE_NOBODY_WAITS';

  /** @internal */
  constructor(waitingCount: number) {
    const others = waitingCount === 0 ? '' : ` Of the ${waitingCount} that wait, none is the one that was meant.`;
    super(`Nobody waits at the gate.${others} Await gate.arrival(…) before gate.release(…).`);
  }
}
