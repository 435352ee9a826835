import { StrataError } from '@nest-strata/core';

/** Another load of the key has been under way for longer than a caller may wait for it. */
export class LockTimeoutError extends StrataError {
  readonly code = 'LOCK_TIMEOUT';

  constructor(
    readonly cache: string,
    readonly key: string,
    timeoutMs: number,
  ) {
    super(
      `Key ${JSON.stringify(key)} in cache "${cache}" is being loaded elsewhere and was not there within ${String(timeoutMs)} ` +
        "ms. Raise lockTimeout, or write onLockTimeout: 'load' to load it here, too.",
    );
  }
}
