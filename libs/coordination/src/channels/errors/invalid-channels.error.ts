import { StrataError } from '@nest-strata/core';

/** Declarations of channels cannot be used. Lists everything that is wrong with them. */
export class InvalidChannelsError extends StrataError {
  readonly code = 'INVALID_CHANNELS';

  constructor(readonly problems: readonly { readonly channel: string; readonly message: string }[]) {
    super(
      `${problems.length === 1 ? 'A channel is' : 'Channels are'} declared wrongly:\n` +
        problems.map(({ channel, message }) => `  - '${channel}' ${message}`).join('\n'),
    );
  }
}
