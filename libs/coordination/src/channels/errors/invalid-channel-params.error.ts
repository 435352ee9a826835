import { StrataError } from '@nest-strata/core';

/** What was given for the parameters of a channel does not make a channel. */
export class InvalidChannelParamsError extends StrataError {
  readonly code = 'INVALID_CHANNEL_PARAMS';

  constructor(
    readonly channel: string,
    readonly param: string,
    problem: string,
  ) {
    super(`The parameter '${param}' of the channel '${channel}' ${problem}.`);
  }
}
