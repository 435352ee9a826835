import type { Random } from '@nest-strata/core';
import type { RedisPort } from '@nest-strata/redis';
import type { ChannelKeys } from '../channel-keys.js';
import { appendMessage } from '../durable/append-message.script.js';
import { InvalidMessageError } from '../errors/invalid-message.error.js';
import { MessageTooLargeError } from '../errors/message-too-large.error.js';
import type { ChannelDefinition } from '../registry/define-channels.js';
import { sealEnvelope } from './envelope.js';
import { readPayload, type Instantiate } from './payload-type.js';

/** What a {@link MessageWriter} works with. */
export interface MessageWriterContext {
  readonly redis: RedisPort;
  readonly random: Random;
  readonly keys: ChannelKeys;
  readonly instantiate: Instantiate | undefined;
}

const ID_BYTES = 12;
const SOURCE_BYTES = 8;

/** Checks messages and sends them. */
export class MessageWriter {
  readonly #context: MessageWriterContext;
  /** This process, in the envelopes and as a consumer of streams. */
  readonly source: string;

  constructor(context: MessageWriterContext) {
    this.#context = context;
    this.source = context.random.bytes(SOURCE_BYTES).toString('hex');
  }

  /** As `ChannelService.publish`. */
  async publish(
    definition: ChannelDefinition,
    params: Readonly<Record<string, unknown>>,
    payload: unknown,
  ): Promise<{ id: string; receivers: number }> {
    const { redis, keys } = this.#context;
    const { isDurable, keepMessages, template } = definition;
    const channel = template.fill(params);
    const { id, bytes } = this.#seal(definition, payload);
    if (!isDurable) return { id, receivers: Number(await redis.send('PUBLISH', [keys.prefix + channel, bytes])) };
    const args = { keep: keepMessages, channel, message: bytes, bell: keys.bell(template.name) };
    return { id, receivers: await redis.run(appendMessage, { stream: keys.stream(template.name) }, args) };
  }

  #seal(definition: ChannelDefinition, payload: unknown): { id: string; bytes: Buffer } {
    const { random, instantiate } = this.#context;
    const { name } = definition.template;
    const data = asReceived(name, payload);
    const reading = readPayload(definition.payload, data, instantiate);
    if ('problems' in reading) throw new InvalidMessageError(name, reading.problems);
    const id = random.bytes(ID_BYTES).toString('hex');
    const bytes = Buffer.from(sealEnvelope(name, { id, sentAtMs: Date.now(), source: this.source }, data));
    if (bytes.length > definition.maxBytes) throw new MessageTooLargeError(name, bytes.length, definition.maxBytes);
    return { id, bytes };
  }
}

/** What is left of a payload after its way through JSON: a date is a text, and what is undefined is not there. */
function asReceived(name: string, payload: unknown): unknown {
  try {
    const text = JSON.stringify(payload) as string | undefined;
    if (text !== undefined) return JSON.parse(text);
  } catch (error) {
    throw new InvalidMessageError(name, [
      `JSON cannot hold it (${error instanceof Error ? error.message : String(error)})`,
    ]);
  }
  throw new InvalidMessageError(name, [`JSON cannot hold a value of type ${typeof payload}`]);
}
