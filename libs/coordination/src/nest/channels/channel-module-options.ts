import type { RedisOptions, RedisPort } from '@nest-strata/redis';
import type { ChannelServiceOptions } from '../../channels/channel.service.js';
import type { ChannelDeclarations } from '../../channels/registry/define-channels.js';

/** What `ChannelModule` is made with. */
export interface ChannelModuleOptions<
  Declared extends ChannelDeclarations = ChannelDeclarations,
> extends ChannelServiceOptions<Declared> {
  /** How to reach Redis; or a port of your own, which is not closed with the application. */
  readonly redis: RedisOptions | RedisPort;
}

/** What stands beside the options. */
export interface ChannelModuleExtras {
  /** Whether all modules may inject `ChannelService`. Default `true`. */
  readonly isGlobal?: boolean;
}
