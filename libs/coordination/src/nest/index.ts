export type { ChannelModuleExtras, ChannelModuleOptions } from './channels/channel-module-options.js';
export { channelStream } from './channels/channel-stream.js';
export type { ChannelStreamOptions } from './channels/channel-stream.js';
export { ChannelModule } from './channels/channel.module.js';
export { DuplicateChannelModuleError } from './channels/duplicate-channel-module.error.js';
export { InvalidChannelHandlerError } from './channels/invalid-channel-handler.error.js';
export { OnChannel } from './channels/on-channel.decorator.js';
export type { OnChannelOptions } from './channels/on-channel.decorator.js';
