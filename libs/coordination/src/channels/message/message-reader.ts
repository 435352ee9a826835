import type { ChannelEvents } from '../channel-events.js';
import type { ChannelMessage } from '../channel-message.js';
import type { StreamEntry } from '../durable/stream-entry.js';
import type { ChannelDefinition } from '../registry/define-channels.js';
import { openEnvelope } from './envelope.js';
import type { Instantiate } from './payload-type.js';

/** Reads messages, each once, however many handlers get it. What cannot be read is told, and nobody gets it. */
export class MessageReader {
  readonly #events: ChannelEvents;
  readonly #instantiate: Instantiate | undefined;
  /** By the bytes, which all who listen over one connection share. */
  readonly #read = new WeakMap<Buffer, ChannelMessage | undefined>();

  constructor(events: ChannelEvents, instantiate?: Instantiate) {
    this.#events = events;
    this.#instantiate = instantiate;
  }

  /** A message that was published on a channel; `undefined` if it is none, or its channel is of another template. */
  readLive(definition: ChannelDefinition, channel: string, payload: Buffer): ChannelMessage | undefined {
    const params = definition.template.match(channel);
    if (params === undefined) return undefined;
    if (!this.#read.has(payload)) this.#read.set(payload, this.#open(definition, params, payload));
    return this.#read.get(payload);
  }

  /** A message from a stream; `undefined` if it is none. */
  readEntry(definition: ChannelDefinition, { channel, message, delivery }: StreamEntry): ChannelMessage | undefined {
    const params = definition.template.match(channel) ?? {};
    return this.#open(definition, params, message, delivery);
  }

  #open(
    definition: ChannelDefinition,
    params: Readonly<Record<string, string>>,
    payload: Buffer,
    delivery = 1,
  ): ChannelMessage | undefined {
    const channel = definition.template.name;
    const opened = openEnvelope(payload, definition, this.#instantiate);
    if ('problems' in opened) {
      this.#events.tell({ kind: 'message-rejected', channel, messageId: opened.id, problems: opened.problems });
      return undefined;
    }
    return Object.freeze({ ...opened.header, channel, params: Object.freeze(params), data: opened.data, delivery });
  }
}
