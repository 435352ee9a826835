import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ChannelModuleExtras, ChannelModuleOptions } from './channel-module-options.js';

/** `forRoot` and `forRootAsync`, on which those of ChannelModule stand. */
export const { ConfigurableModuleClass: ConfigurableChannelModule, MODULE_OPTIONS_TOKEN: CHANNEL_OPTIONS } =
  new ConfigurableModuleBuilder<ChannelModuleOptions>({ moduleName: 'StrataChannels' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createChannelOptions')
    .setExtras<ChannelModuleExtras>({ isGlobal: true }, (definition, { isGlobal = true }) => ({
      ...definition,
      global: isGlobal,
    }))
    .build();
