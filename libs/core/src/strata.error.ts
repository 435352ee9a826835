/**
 * The base of every error that a Strata package throws.
 *
 * `code` is stable across releases: branch on it, not on the message. The message says what happened and what to check.
 */
export abstract class StrataError extends Error {
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
