import { StrataError } from '@nest-strata/core';

/** There is no channel of that name, and none that the name with a `*` at its end selects. */
export class UnknownChannelError extends StrataError {
  readonly code = 'UNKNOWN_CHANNEL';

  constructor(
    readonly channel: string,
    known: readonly string[],
  ) {
    super(
      `There is no channel '${channel}'. Declare it with defineChannels, or use one of ${known.join(', ')}. A name is ` +
        `written as it was declared, with {…} and all; a * at its end stands for the rest of it.`,
    );
  }
}
