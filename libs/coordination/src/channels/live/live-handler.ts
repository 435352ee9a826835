import type { RedisPort, Subscription, Topics } from '@nest-strata/redis';
import type { ChannelEvents } from '../channel-events.js';
import type { ChannelMessage } from '../channel-message.js';
import type { ChannelDefinition } from '../registry/define-channels.js';
import { HandlerQueue, type GapReason, type QueueEntry } from './handler-queue.js';

/** A handler with everything about it. */
export interface LiveHandlerSettings {
  /** What it was registered for. */
  readonly selector: string;
  readonly name: string;
  readonly definitions: readonly ChannelDefinition[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly handle: (data: unknown, message: ChannelMessage) => unknown;
  readonly onGap: ((reason: GapReason) => unknown) | undefined;
  readonly queueLimit: number;
  readonly coalesceBy: ((message: ChannelMessage) => string) | undefined;
}

/** What a {@link LiveHandler} takes from the service. */
export interface LiveHandlerContext {
  readonly redis: RedisPort;
  readonly events: ChannelEvents;
  /** What Redis' channels begin with. */
  readonly prefix: string;
  readonly heartbeatMs: number;
  /** Reads a message once, however many handlers get it; `undefined` if it is none. */
  readonly open: (definition: ChannelDefinition, channel: string, payload: Buffer) => ChannelMessage | undefined;
  readonly closed: () => void;
}

/** Hears what is published on its channels, and calls its function with one message after the other. */
export class LiveHandler {
  readonly #settings: LiveHandlerSettings;
  readonly #context: LiveHandlerContext;
  readonly #subscription: Subscription;
  readonly #definitions = new Map<string, ChannelDefinition>();
  readonly #queue: HandlerQueue<ChannelMessage>;
  readonly #armedWaiters: (() => void)[] = [];
  #isMissing = false;
  #isRunning = false;
  #isClosed = false;

  constructor(settings: LiveHandlerSettings, context: LiveHandlerContext) {
    this.#settings = settings;
    this.#context = context;
    this.#queue = new HandlerQueue(settings.queueLimit, settings.coalesceBy);
    const listener = {
      message: (channel: string, payload: Buffer, pattern: string | undefined) => this.#take(channel, payload, pattern),
      armed: () => this.#armed(),
      lost: (reason: string) => this.#lost(reason),
    };
    this.#subscription = context.redis.subscribe(listener, { heartbeatMs: context.heartbeatMs });
    this.#subscription.follow(this.#topics());
  }

  get isArmed(): boolean {
    return this.#subscription.isArmed;
  }

  /** How many messages wait for the handler. */
  get waitingCount(): number {
    return this.#queue.length;
  }

  /** Resolves once it hears what is published, or is closed. */
  armed(): Promise<void> {
    if (this.isArmed || this.#isClosed) return Promise.resolve();
    return new Promise((resolve) => this.#armedWaiters.push(resolve));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#queue.clear();
    this.#context.closed();
    for (const resolve of this.#armedWaiters.splice(0)) resolve();
    await this.#subscription.close();
  }

  /** Channels where all parameters are known, one pattern for each where some are not. */
  #topics(): Required<Topics> {
    const { definitions, params } = this.#settings;
    const topics = { channels: [] as string[], patterns: [] as string[] };
    for (const definition of definitions) {
      const { template } = definition;
      const topic = this.#context.prefix + template.toGlob(params);
      topics[template.params.every((param) => params[param] !== undefined) ? 'channels' : 'patterns'].push(topic);
      this.#definitions.set(topic, definition);
    }
    return topics;
  }

  #take(channel: string, payload: Buffer, pattern: string | undefined): void {
    const definition = this.#definitions.get(pattern ?? channel);
    if (definition === undefined) return;
    const message = this.#context.open(definition, channel.slice(this.#context.prefix.length), payload);
    if (message === undefined) return;
    // It can come before the news that it is heard again; on other channels there may be more missing.
    if (this.#isMissing) this.#queue.pushGap('connection');
    try {
      this.#dropped(this.#queue.push(message));
    } catch (error) {
      this.#failed(message, error); // by coalesceBy
    }
    this.#run();
  }

  #armed(): void {
    for (const resolve of this.#armedWaiters.splice(0)) resolve();
    if (!this.#isMissing) return;
    this.#isMissing = false;
    this.#queue.pushGap('connection');
    this.#run();
  }

  #lost(reason: string): void {
    this.#isMissing = true;
    this.#context.events.tell({ kind: 'lost', ...this.#who(), reason });
  }

  #dropped(count: number): void {
    if (count > 0) this.#context.events.tell({ kind: 'messages-dropped', ...this.#who(), count });
  }

  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    queueMicrotask(() => void this.#runAll());
  }

  async #runAll(): Promise<void> {
    for (let entry = this.#queue.shift(); entry !== undefined; entry = this.#queue.shift()) await this.#runOne(entry);
    this.#isRunning = false;
  }

  async #runOne(entry: QueueEntry<ChannelMessage>): Promise<void> {
    const { handle, onGap } = this.#settings;
    try {
      if ('gap' in entry) {
        this.#context.events.tell({ kind: 'gap', ...this.#who(), reason: entry.gap });
        await onGap?.(entry.gap);
      } else {
        await handle(entry.item.data, entry.item);
      }
    } catch (error) {
      this.#failed('gap' in entry ? undefined : entry.item, error);
    }
  }

  #failed(message: ChannelMessage | undefined, error: unknown): void {
    const { selector, name } = this.#settings;
    const channel = message?.channel ?? selector;
    const messageId = message?.id ?? '';
    this.#context.events.tell({
      kind: 'handler-failed',
      channel,
      handler: name,
      messageId,
      error,
      willRetry: false,
    });
  }

  #who(): { channel: string; handler: string } {
    return { channel: this.#settings.selector, handler: this.#settings.name };
  }
}
