import { StrataError } from '@nest-strata/core';

/** `ChannelModule.forRoot` or `forRootAsync` is imported twice into one application. */
export class DuplicateChannelModuleError extends StrataError {
  readonly code = 'DUPLICATE_CHANNEL_MODULE';

  constructor() {
    super(
      'ChannelModule.forRoot is imported twice, so that each message would be handled twice. Import it once, in the root ' +
        'module, with all channels: defineChannels({ ...suiteChannels, … }).',
    );
  }
}
