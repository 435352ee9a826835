import { StrataError } from '@nest-strata/core';

/** A loader took longer than its callers may wait. It goes on, and its value will be cached. */
export class LoadTimeoutError extends StrataError {
  readonly code = 'LOAD_TIMEOUT';

  constructor(
    readonly cache: string,
    readonly key: string,
    timeoutMs: number,
  ) {
    super(
      `The loader of key ${JSON.stringify(key)} in cache "${cache}" has not answered within ${String(timeoutMs)} ms. It goes ` +
        'on, and its value will be cached. Raise hardTimeout, or give a fallback or grace.',
    );
  }
}
