import { StrataError } from '@nest-strata/core';

/** A message is larger than its channel carries. Nothing was published. */
export class MessageTooLargeError extends StrataError {
  readonly code = 'MESSAGE_TOO_LARGE';

  constructor(
    readonly channel: string,
    readonly bytes: number,
    readonly maxBytes: number,
  ) {
    super(
      `A message for the channel '${channel}' has ${bytes} bytes, more than the ${maxBytes} that it carries. Publish where ` +
        `it can be read instead of what it says, or raise maxBytes of the channel.`,
    );
  }
}
