import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { StrataError } from '@nest-strata/core';
import { ChannelService } from '../../channels/channel.service.js';
import type { ChannelMessage } from '../../channels/channel-message.js';
import type { HandlerOptions } from '../../channels/handler-options.js';
import { DuplicateChannelModuleError } from './duplicate-channel-module.error.js';
import { InvalidChannelHandlerError } from './invalid-channel-handler.error.js';
import { handlersOf, type ChannelHandlerMetadata, type OnChannelOptions } from './on-channel.decorator.js';

type InstanceWrapper = ReturnType<DiscoveryService['getProviders']>[number];
type Methods = Readonly<Record<string, ((...args: unknown[]) => unknown) | undefined>>;

/** A decorated method of an instance. */
interface Found {
  readonly instance: Methods;
  readonly method: string;
  readonly place: string;
  readonly metadata: ChannelHandlerMetadata;
}

/**
 * Finds the methods with `@OnChannel`, and calls them with messages once the application has started, until it begins to
 * shut down.
 */
@Injectable()
export class ChannelHandlers implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  #found: readonly Found[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly service: ChannelService,
  ) {}

  /** What is wrong ends the boot. */
  onModuleInit(): void {
    const providers = this.discovery.getProviders();
    if (providers.filter(({ metatype }) => metatype === ChannelHandlers).length > 1)
      throw new DuplicateChannelModuleError();
    // A controller's or provider's class may be registered in several modules; each instance hears.
    this.#found = [...providers, ...this.discovery.getControllers()].flatMap((wrapper) => this.#search(wrapper));
  }

  onApplicationBootstrap(): void {
    for (const found of this.#found) this.#register(found);
  }

  /** Before connections to databases close, which handlers may need. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.service.close();
  }

  #search(wrapper: InstanceWrapper): Found[] {
    const prototype: unknown = wrapper.metatype?.prototype;
    if (wrapper.isAlias || typeof prototype !== 'object' || prototype === null) return [];
    return this.scanner.getAllMethodNames(prototype).flatMap((method) => {
      const handler = (prototype as Methods)[method];
      const place = `${wrapper.metatype?.name ?? ''}.${method}`;
      return (handler === undefined ? [] : handlersOf(handler)).map((metadata) => {
        this.#check(wrapper, place, metadata);
        return { instance: wrapper.instance as Methods, method, place, metadata };
      });
    });
  }

  #check(wrapper: InstanceWrapper, place: string, { channels, options }: ChannelHandlerMetadata): void {
    const fail = (problem: string): never => {
      throw new InvalidChannelHandlerError(place, problem);
    };
    if ((channels as unknown) !== this.service.channels) {
      fail(
        'its channels are not those of ChannelModule.forRoot. Declare all in one defineChannels, and give that to both',
      );
    }
    if (!wrapper.isDependencyTreeStatic()) {
      fail(
        'its class is made for each request, and there is none when a message comes. Move the method to a singleton',
      );
    }
    const { onGap } = options;
    if (onGap !== undefined && typeof (wrapper.instance as Methods)[onGap] !== 'function') {
      fail(`onGap is '${onGap}', but there is no such method`);
    }
  }

  #register({ instance, method, place, metadata }: Found): void {
    const { channels, options, selector } = metadata;
    const { onGap, ...others } = options as OnChannelOptions<ChannelMessage>;
    const isDurable = channels.select(selector).some((definition) => definition.isDurable);
    const given: HandlerOptions = {
      name: place,
      ...(isDurable && { group: place }),
      ...others,
      ...(onGap !== undefined && { onGap: (reason) => instance[onGap]?.(reason) }),
    };
    try {
      this.service.on(selector as `${string}*`, (...args: unknown[]) => instance[method]?.(...args), given);
    } catch (error) {
      if (!(error instanceof StrataError)) throw error;
      throw new InvalidChannelHandlerError(place, error.message.replace(/\.$/, ''), { cause: error });
    }
  }
}
