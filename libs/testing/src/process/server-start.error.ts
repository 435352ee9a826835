import { StrataError } from '@nest-strata/core';

/** A server did not come up: it ended, or said nothing of being ready, in the time it had. `output` is what it printed last. */
export class ServerStartError extends StrataError {
  readonly code = 'SERVER_START_FAILED';

  constructor(
    what: string,
    readonly output: string,
  ) {
    super(`${what}. It printed:\n${output.trim() || '(nothing)'}`);
  }

  /** True when the port was taken: another one may do. */
  get isPortTaken(): boolean {
    return /address already in use/i.test(this.output);
  }
}
