import { InvalidChannelsError } from '../errors/invalid-channels.error.js';
import { UnknownChannelError } from '../errors/unknown-channel.error.js';
import { hasRules, isPayloadClass, isPayloadSchema, type PayloadType } from '../message/payload-type.js';
import { ChannelTemplate } from './channel-template.js';

/** A channel with more than what it says. */
export interface ChannelDeclaration<Payload = unknown> {
  readonly payload: PayloadType<Payload>;
  /**
   * Keeps messages in a Redis Stream until a handler of each group has dealt with them. Default `false`: who does not
   * listen at the moment misses them.
   */
  readonly durable?: boolean;
  /** The largest message, in bytes with its envelope, from 256 to 16 MiB. Default 65 536. */
  readonly maxBytes?: number;
  /** About how many messages a durable channel keeps, done or not; older ones are lost. Default 100 000. */
  readonly keepMessages?: number;
}

/** Names of channels and what they carry. */
export type ChannelDeclarations = Readonly<Record<string, PayloadType | ChannelDeclaration>>;

/** What a declaration says that messages are. */
export type PayloadOf<Declared> = Declared extends new () => infer Payload
  ? Payload
  : Declared extends { parse(data: unknown): infer Payload }
    ? Payload
    : Declared extends { readonly payload: infer Type }
      ? PayloadOf<Type>
      : never;

/** The channels that are durable. */
export type DurableNames<Declared> = {
  [Name in Extract<keyof Declared, string>]: Declared[Name] extends { readonly durable: true } ? Name : never;
}[Extract<keyof Declared, string>];

/** A channel, checked and with all defaults. */
export interface ChannelDefinition {
  readonly template: ChannelTemplate;
  readonly payload: PayloadType;
  readonly isDurable: boolean;
  readonly maxBytes: number;
  readonly keepMessages: number;
}

const DEFAULT_MAX_BYTES = 65_536;
const MIN_MAX_BYTES = 256;
const MAX_MAX_BYTES = 16 * 1024 * 1024;
const DEFAULT_KEEP_MESSAGES = 100_000;
const MAX_KEEP_MESSAGES = 100_000_000;

/** The channels of an application; made by {@link defineChannels}. */
export class Channels<Declared extends ChannelDeclarations = ChannelDeclarations> {
  readonly #definitions: ReadonlyMap<string, ChannelDefinition>;

  /** @internal */
  constructor(
    definitions: ReadonlyMap<string, ChannelDefinition>,
    /** What it was made of, to be spread into other declarations. */
    readonly declarations: Declared,
  ) {
    this.#definitions = definitions;
  }

  get names(): readonly string[] {
    return [...this.#definitions.keys()];
  }

  /**
   * The channel of that name, as it was declared.
   *
   * @throws UnknownChannelError
   */
  get(name: string): ChannelDefinition {
    const definition = this.#definitions.get(name);
    if (definition === undefined) throw new UnknownChannelError(name, this.names);
    return definition;
  }

  /**
   * The channels that a selector means: one by its name, or all whose name begins with what stands before a `*`.
   *
   * @throws UnknownChannelError when there is none
   */
  select(selector: string): readonly ChannelDefinition[] {
    if (!selector.endsWith('*')) return [this.get(selector)];
    const beginning = selector.slice(0, -1);
    const selected = [...this.#definitions.values()].filter(({ template }) => template.name.startsWith(beginning));
    if (selected.length === 0) throw new UnknownChannelError(selector, this.names);
    return selected;
  }
}

/**
 * Declares channels, and what their messages say: a class with rules of class-validator, or a schema. What stands in
 * `{…}` is a parameter, which makes a channel of its own for each value.
 *
 * @throws InvalidChannelsError with all that is wrong
 * @example
 * const channels = defineChannels({
 *   'notifications:user:{id}': Notification,
 *   'events:story_created': StoryCreated,
 *   'jobs:illustrate': { payload: IllustrateStory, durable: true },
 * });
 */
export function defineChannels<const Declared extends ChannelDeclarations>(declarations: Declared): Channels<Declared> {
  const problems: { channel: string; message: string }[] = [];
  const definitions = new Map<string, ChannelDefinition>();
  for (const [name, given] of Object.entries(declarations)) {
    const report = (message: string) => void problems.push({ channel: name, message });
    const problem = ChannelTemplate.problemOf(name);
    if (problem !== undefined) report(problem);
    else define(name, given, definitions, report);
  }
  if (problems.length > 0) throw new InvalidChannelsError(problems);
  return new Channels(definitions, declarations);
}

type Report = (message: string) => void;

function define(
  name: string,
  given: PayloadType | ChannelDeclaration,
  definitions: Map<string, ChannelDefinition>,
  report: Report,
): void {
  const template = new ChannelTemplate(name);
  for (const other of definitions.values()) {
    if (template.overlaps(other.template)) {
      report(`cannot be told from '${other.template.name}'. Give one of them another beginning`);
    }
  }
  const { payload, durable = false, maxBytes, keepMessages } = isDeclaration(given) ? given : { payload: given };
  checkPayload(payload, report);
  if (typeof (durable as unknown) !== 'boolean') report('has a durable that is neither true nor false');
  if (keepMessages !== undefined && !durable) report('has keepMessages, but is not durable. Add durable: true');
  definitions.set(name, {
    template,
    payload,
    isDurable: durable,
    maxBytes: checkNumber('maxBytes', maxBytes ?? DEFAULT_MAX_BYTES, MIN_MAX_BYTES, MAX_MAX_BYTES, report),
    keepMessages: checkNumber('keepMessages', keepMessages ?? DEFAULT_KEEP_MESSAGES, 1, MAX_KEEP_MESSAGES, report),
  });
}

function isDeclaration(given: PayloadType | ChannelDeclaration): given is ChannelDeclaration {
  return typeof given === 'object' && 'payload' in given;
}

function checkPayload(payload: unknown, report: Report): void {
  if (isPayloadClass(payload)) {
    if (hasRules(payload)) return;
    report(`carries ${payload.name}, which has no rules. Decorate its properties with rules of class-validator`);
  } else if (!isPayloadSchema(payload)) {
    report('does not say what it carries. Give a class with rules of class-validator, or a schema with parse(data)');
  }
}

function checkNumber(path: string, given: number, min: number, max: number, report: Report): number {
  if (!Number.isInteger(given) || given < min || given > max) {
    report(`has the ${path} ${String(given)}. Give a whole number from ${min} to ${max}`);
  }
  return given;
}
