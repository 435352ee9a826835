import { StrataError } from '@nest-strata/core';

/** What is left of an error that goes to another process. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly stack: string | undefined;
}

/**
 * What a function of another process threw: the `name`, `message`, `code` and `stack` that it had there, but none of its
 * classes and other fields. Without a code of its own it has `WORKER_CALL_FAILED`.
 */
export class RemoteError extends StrataError {
  readonly code: string;

  /** @internal */
  constructor({ name, message, code = 'WORKER_CALL_FAILED', stack }: SentError) {
    super(message);
    this.name = name;
    this.code = code;
    if (stack !== undefined) this.stack = stack;
  }

  /** @internal */
  static describe(error: unknown): SentError {
    if (!(error instanceof Error)) return { name: 'Error', message: String(error), code: undefined, stack: undefined };
    const { name, message, stack } = error;
    return { name, message, code: 'code' in error ? String(error.code) : undefined, stack };
  }
}
