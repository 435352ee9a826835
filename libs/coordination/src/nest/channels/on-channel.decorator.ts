import 'reflect-metadata';
import type { ChannelHandler, MessageOf } from '../../channels/channel.service.js';
import type { SelectedNames } from '../../channels/channel-message.js';
import type { HandlerOptions } from '../../channels/handler-options.js';
import type { ChannelDeclarations, Channels } from '../../channels/registry/define-channels.js';
import { InvalidChannelHandlerError } from './invalid-channel-handler.error.js';

/** As for `ChannelService.on`, but `onGap` is the name of a method of the class, and `group` may be left out. */
export interface OnChannelOptions<Message> extends Omit<HandlerOptions<Message>, 'onGap'> {
  /** The method that is called where messages may be missing. */
  readonly onGap?: string;
}

/** What `@OnChannel` has left at a method. */
export interface ChannelHandlerMetadata {
  readonly channels: Channels;
  readonly selector: string;
  readonly options: OnChannelOptions<never>;
}

const METADATA = Symbol.for('@nest-strata/coordination:on-channel');

/**
 * Calls the method with each message of a channel: `(data, message)`. The name is checked against `channels`, and so are the
 * parameters of the method.
 *
 * For a durable channel the group is `<class>.<method>` where none is named: rename neither while messages wait, or name a
 * group. Guards, pipes and interceptors are for requests, and do not run. Providers and controllers that are made for
 * each request cannot hear.
 *
 * @throws UnknownChannelError, InvalidChannelHandlerError where the class is defined
 * @example
 * @OnChannel(channels, 'events:story_created')
 * async announce(story: StoryCreated) { … }
 */
export function OnChannel<
  Declared extends ChannelDeclarations,
  Selector extends Extract<keyof Declared, string> | `${string}*`,
>(
  channels: Channels<Declared>,
  selector: Selector,
  options: OnChannelOptions<MessageOf<Declared, SelectedNames<Declared, Selector>>> = {},
): <Method extends ChannelHandler<Declared, Selector>>(
  target: object,
  propertyKey: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void {
  channels.select(selector);
  return (target, propertyKey, descriptor) => {
    const handler = `${target.constructor.name}.${String(propertyKey)}`;
    const method: unknown = descriptor.value;
    if (typeof target === 'function') {
      throw new InvalidChannelHandlerError(
        `${target.name}.${String(propertyKey)}`,
        'a static method has no instance to be called on. Make it a method of the instance',
      );
    }
    if (typeof method !== 'function') throw new InvalidChannelHandlerError(handler, 'it is no method');
    const metadata = { channels, selector, options } as unknown as ChannelHandlerMetadata;
    Reflect.defineMetadata(METADATA, [...handlersOf(method), metadata], method);
  };
}

/** For which channels a method was decorated. */
export function handlersOf(method: object): readonly ChannelHandlerMetadata[] {
  return (Reflect.getOwnMetadata(METADATA, method) as ChannelHandlerMetadata[] | undefined) ?? [];
}
