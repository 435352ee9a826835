import { StrataError } from '@nest-strata/core';

/** How a worker ended. */
export interface WorkerExit {
  /** The exit code; `null` when a signal ended it. */
  readonly code: number | null;
  /** The signal that ended it; `null` when it ended by itself. */
  readonly signal: NodeJS.Signals | null;
}

/**
 * A worker ended while it was needed: killed by the test with a call under way, or by itself, for an error that nobody
 * handled, say.
 */
export class WorkerExitError extends StrataError {
  readonly code = 'WORKER_EXITED';

  /** @internal */
  constructor(
    /** The name of the worker. */
    readonly worker: string,
    readonly exit: WorkerExit,
    /** The end of what it printed, stdout and stderr. */
    readonly output: string,
  ) {
    const how = exit.signal === null ? `with exit code ${String(exit.code)}` : `by ${exit.signal}`;
    super(`Worker ${worker} ended ${how}.${output === '' ? '' : `\n${output.trimEnd()}`}`);
  }
}
