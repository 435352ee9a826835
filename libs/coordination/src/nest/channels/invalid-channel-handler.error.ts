import { StrataError } from '@nest-strata/core';

/** A method with `@OnChannel` cannot be called with messages. */
export class InvalidChannelHandlerError extends StrataError {
  readonly code = 'INVALID_CHANNEL_HANDLER';

  constructor(
    /** `<class>.<method>`. */
    readonly handler: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`@OnChannel on ${handler}: ${problem}.`, options);
  }
}
