import { SystemClock, SystemRandom, type Clock, type Duration, type Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import { ChannelEvents, type ChannelEventListener } from './channel-events.js';
import { ChannelKeys } from './channel-keys.js';
import type { ChannelMessage, SelectedNames } from './channel-message.js';
import { DeadLetters, type DeadLetter } from './durable/dead-letters.js';
import { DurableHandler } from './durable/durable-handler.js';
import { StreamGroup } from './durable/stream-group.js';
import { InvalidChannelOptionsError } from './errors/invalid-channel-options.error.js';
import type { ChannelSubscription, HandlerOptions } from './handler-options.js';
import { LiveHandler } from './live/live-handler.js';
import { MessageReader } from './message/message-reader.js';
import { MessageWriter } from './message/message-writer.js';
import type { Instantiate } from './message/payload-type.js';
import type { ParamsArgument, ReceivedParams } from './registry/channel-params.js';
import type {
  ChannelDeclarations,
  ChannelDefinition,
  Channels,
  DurableNames,
  PayloadOf,
} from './registry/define-channels.js';
import { checkDuration, checkLiveOptions, resolveDurableOptions } from './resolve-handler-options.js';

/** What a {@link ChannelService} is made with. */
export interface ChannelServiceOptions<Declared extends ChannelDeclarations = ChannelDeclarations> {
  readonly channels: Channels<Declared>;
  /** What the names in Redis begin with, after `strata:`. Only services of the same namespace hear each other. */
  readonly namespace: string;
  /** How often a connection must prove that it is alive, from `'10ms'` to `'10m'`. Default `'1s'`. */
  readonly heartbeat?: Duration;
  /**
   * Makes an instance of a payload's class. Default: sets its properties. Classes with classes in them (`@ValidateNested`)
   * need `plainToInstance` of class-transformer.
   */
  readonly instantiate?: Instantiate;
}

/** What a {@link ChannelService} works with. The Redis port is not closed with it. */
export interface ChannelServiceParts {
  readonly redis: RedisPort;
  readonly clock?: Clock;
  readonly random?: Random;
}

type Handle = (data: unknown, message: ChannelMessage) => unknown;

/** What became of a message. */
export interface PublishReceipt {
  readonly id: string;
  /** How many connections Redis has given it to; for a durable channel, how many were told that there is something. */
  readonly receivers: number;
}

/** The messages of the channels that a selector means. */
export type MessageOf<Declared extends ChannelDeclarations, Name extends keyof Declared> = Name extends string
  ? ChannelMessage<Name, PayloadOf<Declared[Name]>, ReceivedParams<Name>>
  : never;

/** A function for the messages of the channels that a selector means. */
export type ChannelHandler<Declared extends ChannelDeclarations, Selector extends string> = (
  data: PayloadOf<Declared[SelectedNames<Declared, Selector>]>,
  message: MessageOf<Declared, SelectedNames<Declared, Selector>>,
) => unknown;

/**
 * Publishes messages to declared channels, and hands them to functions.
 *
 * A message of a channel that is not durable reaches who listens at the moment, at most once; `onGap` tells a handler where
 * it may have missed some. A durable one is handed to one handler of each group, at least once.
 *
 * @example
 * const service = ChannelService.create({ channels, namespace: 'shop' }, { redis });
 * service.on('notifications:user:{id}', (notification, { params }) => show(params.id, notification));
 * await service.publish('notifications:user:{id}', { id: 7 }, { text: 'Your story is ready.' });
 */
export class ChannelService<Declared extends ChannelDeclarations = ChannelDeclarations> {
  readonly #channels: Channels<Declared>;
  readonly #redis: RedisPort;
  readonly #clock: Clock;
  readonly #keys: ChannelKeys;
  readonly #heartbeatMs: number;
  readonly #events = new ChannelEvents();
  readonly #reader: MessageReader;
  readonly #writer: MessageWriter;
  readonly #handlers = new Set<ChannelSubscription>();
  #isClosed = false;
  #consumerCount = 0;

  /** @throws InvalidChannelOptionsError */
  static create<Declared extends ChannelDeclarations>(
    options: ChannelServiceOptions<Declared>,
    parts: ChannelServiceParts,
  ): ChannelService<Declared> {
    return new ChannelService(options, parts);
  }

  protected constructor(options: ChannelServiceOptions<Declared>, parts: ChannelServiceParts) {
    const { redis, clock = new SystemClock(), random = new SystemRandom() } = parts;
    this.#clock = clock;
    this.#channels = options.channels;
    this.#redis = redis;
    this.#keys = new ChannelKeys(options.namespace);
    this.#heartbeatMs = checkDuration('heartbeat', options.heartbeat ?? '1s', '10ms', '10m');
    this.#reader = new MessageReader(this.#events, options.instantiate);
    this.#writer = new MessageWriter({ redis, random, keys: this.#keys, instantiate: options.instantiate });
  }

  /** The declared channels. */
  get channels(): Channels<Declared> {
    return this.#channels;
  }

  /**
   * Publishes a message. Parameters are left out where the channel has none.
   *
   * The payload is checked as its receivers will check it, as JSON. When this rejects with a deadline or a lost connection,
   * the message may have been published all the same.
   *
   * @throws UnknownChannelError, InvalidChannelParamsError, InvalidMessageError, MessageTooLargeError; nothing was published
   * @throws RedisUnavailableError, RedisReplyError
   */
  async publish<Name extends Extract<keyof Declared, string>>(
    channel: Name,
    ...given: [...ParamsArgument<Name>, payload: PayloadOf<Declared[Name]>]
  ): Promise<PublishReceipt> {
    const definition = this.#channels.get(channel);
    const [params, payload] = given.length > 1 ? given : [{}, given[0]];
    return this.#writer.publish(definition, params as Readonly<Record<string, unknown>>, payload);
  }

  /**
   * Calls a function with each message of a channel, of all with any parameters, or of all channels whose name begins like
   * `selector` before its `*`. One message after the other; what the function throws is told to {@link listen} and disturbs nothing.
   *
   * @throws UnknownChannelError, InvalidChannelOptionsError, InvalidChannelParamsError
   */
  on<Selector extends Extract<keyof Declared, string> | `${string}*`>(
    selector: Selector,
    handler: ChannelHandler<Declared, Selector>,
    options: HandlerOptions<MessageOf<Declared, SelectedNames<Declared, Selector>>> = {},
  ): ChannelSubscription {
    if (this.#isClosed) throw new InvalidChannelOptionsError('on', 'cannot be used: the service is closed');
    const definitions = this.#channels.select(selector);
    const handle = handler as Handle;
    const durable = definitions.find(({ isDurable }) => isDurable);
    if (durable === undefined) return this.#listen(selector, definitions, handle, options as HandlerOptions);
    if (definitions.length === 1) return this.#consume(durable, handle, options as HandlerOptions);
    const problem = `'${selector}' means '${durable.template.name}' too, which is durable. Register for it by its own name`;
    throw new InvalidChannelOptionsError('on', `cannot be used so: ${problem}`);
  }

  /** Messages of a durable channel that were given up, the oldest first; at most `count` of them, 100 by default. */
  deadLetters(channel: DurableNames<Declared>, count?: number): Promise<readonly DeadLetter[]> {
    return this.#deadLetters(channel).list(count);
  }

  /** Hands a dead letter to its group once more, as a message that is new; `false` when there is no such one. */
  redeliver(channel: DurableNames<Declared>, deadLetterId: string): Promise<boolean> {
    return this.#deadLetters(channel).redeliver(deadLetterId);
  }

  /** Hears what no call is told of; returns the function that stops it. Without one, what is serious is a process warning. */
  listen(listener: ChannelEventListener): () => void {
    return this.#events.listen(listener);
  }

  /** Ends all handlers. The Redis port stays open. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#handlers].map((handler) => handler.close()));
  }

  #deadLetters(channel: string): DeadLetters {
    return new DeadLetters(this.#redis, this.#keys, this.#channels.get(channel));
  }

  #listen(
    selector: string,
    definitions: readonly ChannelDefinition[],
    handle: Handle,
    options: HandlerOptions,
  ): ChannelSubscription {
    const { queueLimit } = checkLiveOptions(selector, options);
    const { params = {}, onGap, coalesceBy } = options;
    for (const { template } of definitions) template.checkNames(params);
    const handler = new LiveHandler(
      {
        selector,
        name: options.name ?? (handle.name || selector),
        definitions,
        params,
        handle,
        onGap,
        queueLimit,
        coalesceBy,
      },
      {
        redis: this.#redis,
        events: this.#events,
        prefix: this.#keys.prefix,
        heartbeatMs: this.#heartbeatMs,
        open: (definition, channel, payload) => this.#reader.readLive(definition, channel, payload),
        closed: () => void this.#handlers.delete(handler),
      },
    );
    this.#handlers.add(handler);
    return handler;
  }

  #consume(definition: ChannelDefinition, handle: Handle, given: HandlerOptions): ChannelSubscription {
    const { name } = definition.template;
    const options = resolveDurableOptions(name, given);
    const group = new StreamGroup({
      redis: this.#redis,
      stream: this.#keys.stream(name),
      dead: this.#keys.deadLetters(name),
      group: options.group,
      consumer: `${this.#writer.source}-${++this.#consumerCount}`,
      startAt: options.startAt,
    });
    const handler = new DurableHandler({
      channel: name,
      options,
      handle,
      group,
      redis: this.#redis,
      clock: this.#clock,
      events: this.#events,
      bell: this.#keys.bell(name),
      heartbeatMs: this.#heartbeatMs,
      read: (entry) => this.#reader.readEntry(definition, entry),
      closed: () => void this.#handlers.delete(handler),
    });
    this.#handlers.add(handler);
    return handler;
  }
}
