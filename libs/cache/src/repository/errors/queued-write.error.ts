import { StrataError } from '@nest-strata/core';

/**
 * A repository with `write: 'behind'` did not write: values that were saved before may wait in its queue, and would undo
 * the write later. Nothing was changed; but a `save` that Redis did not confirm may have been accepted.
 */
export class QueuedWriteError extends StrataError {
  readonly code = 'QUEUED_WRITE';

  /** @param subject what was to be written, for the message */
  constructor(subject: string, options: { readonly cause: unknown }) {
    const reason = options.cause instanceof Error ? options.cause.message : String(options.cause);
    super(
      `${subject} was not written: what was saved before may wait in the queue of write: 'behind', and would undo it ` +
        `later. ${reason} Write again once Redis answers and the database takes what waits; in a transaction, write ` +
        'before it locks the same rows.',
      options,
    );
  }
}
