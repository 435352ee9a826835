import { Module, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ChannelService } from '../../channels/channel.service.js';
import type { ChannelDeclarations } from '../../channels/registry/define-channels.js';
import { ChannelHandlers } from './channel-handlers.js';
import type { ChannelModuleExtras, ChannelModuleOptions } from './channel-module-options.js';
import { ChannelRedis } from './channel-redis.js';
import { ChannelLog } from './channel.log.js';
import { CHANNEL_OPTIONS, ConfigurableChannelModule } from './channel.module-definition.js';

/**
 * Channels for an application: import {@link forRoot} or {@link forRootAsync} once, in the root module. It provides
 * `ChannelService`, and calls the methods with `@OnChannel`.
 *
 * The application boots whether Redis is there or not. What is wrong with the options ends the boot with an
 * InvalidChannelOptionsError, what is wrong with a handler with an InvalidChannelHandlerError.
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    ChannelRedis,
    {
      provide: ChannelService,
      inject: [CHANNEL_OPTIONS, ChannelRedis],
      useFactory: ({ redis: _redis, ...options }: ChannelModuleOptions, { port }: ChannelRedis) =>
        ChannelService.create(options, { redis: port }),
    },
    ChannelHandlers,
    ChannelLog,
  ],
  exports: [ChannelService],
})
export class ChannelModule extends ConfigurableChannelModule {
  /** With options that are at hand. */
  static override forRoot<Declared extends ChannelDeclarations>(
    options: ChannelModuleOptions<Declared> & ChannelModuleExtras,
  ): DynamicModule {
    return super.forRoot(options);
  }
}
