import type { RedisPort } from '@nest-strata/redis';
import type { ChannelKeys } from '../channel-keys.js';
import { InvalidChannelOptionsError } from '../errors/invalid-channel-options.error.js';
import type { ChannelDefinition } from '../registry/define-channels.js';
import { redeliverMessage } from './settle-message.scripts.js';
import { fieldsOf } from './stream-entry.js';

/** A message that was given up. */
export interface DeadLetter {
  /** What {@link DeadLetters.redeliver} takes. */
  readonly id: string;
  readonly group: string;
  readonly params: Readonly<Record<string, string>>;
  /** The envelope, as it was published: it may be one that cannot be read. */
  readonly text: string;
  /** How often it was handed out. */
  readonly deliveries: number;
  readonly reason: string;
}

const DEFAULT_COUNT = 100;
const MAX_COUNT = 10_000;

/** The messages of one durable channel that were given up. About 10 000 are kept. */
export class DeadLetters {
  readonly #redis: RedisPort;
  readonly #keys: ChannelKeys;
  readonly #definition: ChannelDefinition;

  /** @throws InvalidChannelOptionsError when the channel is not durable */
  constructor(redis: RedisPort, keys: ChannelKeys, definition: ChannelDefinition) {
    if (!definition.isDurable) {
      const problem = `is for durable channels, which '${definition.template.name}' is not`;
      throw new InvalidChannelOptionsError('deadLetters', problem);
    }
    this.#redis = redis;
    this.#keys = keys;
    this.#definition = definition;
  }

  async list(count = DEFAULT_COUNT): Promise<readonly DeadLetter[]> {
    const dead = this.#keys.deadLetters(this.#definition.template.name);
    const limit = Math.min(Math.max(1, Math.trunc(count)), MAX_COUNT);
    const entries = (await this.#redis.send('XRANGE', [dead, '-', '+', 'COUNT', limit])) as [unknown, unknown][];
    return entries.map(([id, flat]) => {
      const fields = fieldsOf(flat);
      const text = (name: string) => fields.get(name)?.toString() ?? '';
      return {
        id: String(id),
        group: text('g'),
        params: this.#definition.template.match(text('c')) ?? {},
        text: text('d'),
        deliveries: Number(text('n')),
        reason: text('r'),
      };
    });
  }

  async redeliver(id: string): Promise<boolean> {
    const { keepMessages, template } = this.#definition;
    const keys = { stream: this.#keys.stream(template.name), dead: this.#keys.deadLetters(template.name) };
    const args = { id, keep: keepMessages, bell: this.#keys.bell(template.name) };
    return (await this.#redis.run(redeliverMessage, keys, args)) === 1;
  }
}
