import { StrataError } from '@nest-strata/core';

/** Too many loads run and wait already. The loader was not called. */
export class LoadShedError extends StrataError {
  readonly code = 'LOAD_SHED';

  constructor(
    readonly cache: string,
    { maxConcurrent, maxQueued }: { readonly maxConcurrent: number; readonly maxQueued: number },
  ) {
    super(
      `Cache "${cache}" runs ${String(maxConcurrent)} loads and ${String(maxQueued)} more wait. Serve this caller something ` +
        'else, allow stale values with grace, or raise loads.maxConcurrent or loads.maxQueued.',
    );
  }
}
