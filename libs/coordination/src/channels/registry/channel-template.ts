import { InvalidChannelParamsError } from '../errors/invalid-channel-params.error.js';

const LITERAL = /^[\w.-]+$/;
const PARAM = /^\{(\w+)\}$/;
const MAX_NAME_LENGTH = 200;
const MAX_VALUE_LENGTH = 256;

/** What would end a segment, mean something in a Redis glob, or not survive UTF-8. */
const NEEDS_ESCAPE = /[%:{}*?[\]\\\s\p{Cc}]|\p{Surrogate}/gu;
const ESCAPE_SEQUENCE = /%(?:u([0-9A-F]{4})|([0-9A-F]{2}))/g;

type Segment = { readonly literal: string } | { readonly param: string };

/**
 * The name of a channel as it is declared: segments between colons, each a text or a parameter (`notifications:user:{id}`).
 * Different parameters always give different channels, whatever they contain.
 */
export class ChannelTemplate {
  readonly params: readonly string[];
  readonly #segments: readonly Segment[];

  constructor(readonly name: string) {
    this.#segments = name.split(':').map((text) => {
      const [, param] = PARAM.exec(text) ?? [];
      return param === undefined ? { literal: text } : { param };
    });
    this.params = this.#segments.flatMap((segment) => ('param' in segment ? [segment.param] : []));
  }

  /** What is wrong with a name, if anything. */
  static problemOf(name: string): string | undefined {
    if (name.length > MAX_NAME_LENGTH) return `is longer than ${MAX_NAME_LENGTH} characters`;
    const odd = name.split(':').find((segment) => !LITERAL.test(segment) && !PARAM.test(segment));
    if (odd !== undefined) {
      return `has the segment '${odd}'. Between colons write letters, digits, _ . or -, or one parameter such as {id}`;
    }
    const { params } = new ChannelTemplate(name);
    if (params.includes('__proto__')) return `has the parameter {__proto__}. Give it another name`;
    return new Set(params).size === params.length ? undefined : 'has a parameter twice';
  }

  /** Whether some channel could be of both templates, so that nobody could tell of which it is. */
  overlaps(other: ChannelTemplate): boolean {
    if (this.#segments.length !== other.#segments.length) return false;
    return this.#segments.every((own, index) => {
      const its = other.#segments[index];
      return its === undefined || 'param' in own || 'param' in its || own.literal === its.literal;
    });
  }

  /**
   * The channel for these parameters.
   *
   * @throws InvalidChannelParamsError when one is missing, unknown, empty, longer than 256 characters, or no text or number
   */
  fill(params: Readonly<Record<string, unknown>>): string {
    this.checkNames(params);
    return this.#segments.map((segment) => this.#write(segment, params)).join(':');
  }

  /** A Redis glob that matches the channels with these parameters, and some of other templates. */
  toGlob(params: Readonly<Record<string, unknown>>): string {
    this.checkNames(params);
    return this.#segments
      .map((segment) =>
        'param' in segment && params[segment.param] === undefined ? '*' : this.#write(segment, params),
      )
      .join(':');
  }

  /** The parameters of a channel; `undefined` when it is of another template. */
  match(channel: string): Readonly<Record<string, string>> | undefined {
    const texts = channel.split(':');
    if (texts.length !== this.#segments.length) return undefined;
    const params: Record<string, string> = {};
    for (const [index, segment] of this.#segments.entries()) {
      const text = texts[index] ?? '';
      if ('param' in segment) {
        if (text === '') return undefined;
        params[segment.param] = unescape(text);
      } else if (text !== segment.literal) return undefined;
    }
    return params;
  }

  /** @throws InvalidChannelParamsError when there is one that the name does not have */
  checkNames(params: Readonly<Record<string, unknown>>): void {
    const unknown = Object.keys(params).find((param) => !this.params.includes(param));
    if (unknown === undefined) return;
    const advice = this.params.length === 0 ? 'it has none' : `it has ${this.params.join(', ')}`;
    throw new InvalidChannelParamsError(this.name, unknown, `is none of this channel: ${advice}`);
  }

  #write(segment: Segment, params: Readonly<Record<string, unknown>>): string {
    if (!('param' in segment)) return segment.literal;
    const value = Object.hasOwn(params, segment.param) ? params[segment.param] : undefined;
    const fail = (problem: string): never => {
      throw new InvalidChannelParamsError(this.name, segment.param, `${problem}. Give a text or a number`);
    };
    if (typeof value !== 'string' && typeof value !== 'number') {
      return fail(value === undefined ? 'is missing' : `is of type ${value === null ? 'null' : typeof value}`);
    }
    if (typeof value === 'number' && !Number.isFinite(value)) return fail(`is ${value}`);
    const text = String(value);
    if (text === '') return fail('is empty');
    if (text.length > MAX_VALUE_LENGTH) return fail(`is longer than ${MAX_VALUE_LENGTH} characters`);
    return escape(text);
  }
}

/** `%`, `:` and the like as `%25`, `%3A`, …; injective. */
export function escape(text: string): string {
  return text.replace(NEEDS_ESCAPE, (character) => {
    const code = character.charCodeAt(0);
    const hex = code.toString(16).toUpperCase();
    return code > 0xff ? `%u${hex.padStart(4, '0')}` : `%${hex.padStart(2, '0')}`;
  });
}

function unescape(text: string): string {
  return text.replace(ESCAPE_SEQUENCE, (_, wide: string | undefined, narrow: string | undefined) =>
    String.fromCharCode(parseInt(wide ?? narrow ?? '', 16)),
  );
}
