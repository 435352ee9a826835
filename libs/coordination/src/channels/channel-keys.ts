import { InvalidChannelOptionsError } from './errors/invalid-channel-options.error.js';
import { escape } from './registry/channel-template.js';

/**
 * The names in Redis of the channels of one namespace.
 *
 * | name in Redis | what it is |
 * |---|---|
 * | `strata:<namespace>:channel:<channel>` | a pub/sub channel |
 * | `strata:<namespace>:stream:{<name>}` | the stream of a durable channel, with `(` and `)` for `{` and `}` |
 * | `strata:<namespace>:stream:{<name>}:dead` | its dead letters |
 * | `strata:<namespace>:stream:{<name>}:bell` | a pub/sub channel that tells of new messages in it |
 */
export class ChannelKeys {
  /** What the pub/sub channels begin with. */
  readonly prefix: string;
  readonly #streams: string;

  /** @throws InvalidChannelOptionsError when the namespace is empty or no string */
  constructor(namespace: string) {
    if (typeof namespace !== 'string' || namespace === '') {
      throw new InvalidChannelOptionsError('namespace', `is missing. Give a text such as 'shop'`);
    }
    const root = `strata:${escape(namespace).replaceAll('.', '%2E')}`;
    this.prefix = `${root}:channel:`;
    this.#streams = `${root}:stream:`;
  }

  stream(name: string): string {
    return `${this.#streams}{${name.replaceAll('{', '(').replaceAll('}', ')')}}`;
  }

  /** The pub/sub channel on which those who read the stream are told that there is something. */
  bell(name: string): string {
    return `${this.stream(name)}:bell`;
  }

  deadLetters(name: string): string {
    return `${this.stream(name)}:dead`;
  }
}
