import { errorOfParts } from '../values/error-parts.js';
import { setOwn } from '../values/own-property.js';
import type { TypeRegistry } from '../values/type-registry.js';
import { TYPED_ARRAYS } from '../values/value-kind.js';
import { MalformedBodyError } from './malformed-body.error.js';
import { isTagName, type PortableFormat } from './portable-format.js';

/**
 * The value that {@link toPortable} was given; changes `portable` in place.
 *
 * @throws MalformedBodyError for an unknown tag, a class that is not registered, or content that no tag has
 */
export function fromPortable(portable: unknown, format: PortableFormat, types: TypeRegistry): unknown {
  return new PortableReader(format, types).read(portable);
}

class PortableReader {
  constructor(
    private readonly format: PortableFormat,
    private readonly types: TypeRegistry,
  ) {}

  read(portable: unknown): unknown {
    if (typeof portable !== 'object' || portable === null) return portable;
    if (Array.isArray(portable)) return this.#readItems(portable);
    let onlyName = '';
    let count = 0;
    for (const name in portable) {
      if (count++ > 0) break;
      onlyName = name;
    }
    const properties = portable as Record<string, unknown>;
    if (count === 1 && isTagName(onlyName)) return this.#readTagged(onlyName.slice(1), properties[onlyName]);
    for (const name in properties) {
      const item = properties[name];
      if (typeof item !== 'object' || item === null) continue;
      const value = this.read(item);
      if (value !== item) properties[name] = value;
    }
    return properties;
  }

  #readItems(items: unknown[]): unknown[] {
    for (let at = 0; at < items.length; at++) items[at] = this.read(items[at]);
    return items;
  }

  #readTagged(tag: string, content: unknown): unknown {
    switch (tag) {
      case 'undefined':
        return undefined;
      case 'number':
        return Number(text(content));
      case 'bigint':
        return BigInt(text(content));
      case 'string':
        return list(content)
          .map((unit) => String.fromCharCode(Number(unit)))
          .join('');
      case 'object':
        return this.#readEntries({}, content);
      case 'bare':
        return this.#readEntries(Object.create(null) as object, content);
      case 'Date':
        return new Date(content === null ? NaN : text(content));
      case 'Map':
        return new Map(list(content).map((entry) => this.#readPair(entry)));
      case 'Set':
        return new Set(this.#readItems(list(content)));
      case 'Buffer':
        return this.format.unpackBytes(content);
      case 'ArrayBuffer':
        return arrayBufferOf(this.format.unpackBytes(content));
      case 'RegExp':
        return this.#readRegExp(content);
      case 'URL':
        return new URL(text(content));
      case 'Error':
        return this.#readError(content);
      case 'type':
        return this.#readInstance(content);
      default:
        return this.#readTypedArray(tag, content);
    }
  }

  #readPair(entry: unknown): [unknown, unknown] {
    const [key, item] = list(entry);
    return [this.read(key), this.read(item)];
  }

  #readEntries<Target extends object>(target: Target, content: unknown): Target {
    for (const entry of list(content)) {
      const [name, item] = this.#readPair(entry);
      setOwn(target, text(name), item);
    }
    return target;
  }

  #readRegExp(content: unknown): RegExp {
    const [source, flags] = this.#readPair(content);
    return new RegExp(text(source), text(flags));
  }

  #readError(content: unknown): Error {
    const [type, hidden, fields] = list(content);
    const error = errorOfParts({
      type: text(type),
      hidden: this.#readEntries({}, hidden),
      fields: this.#readEntries({}, fields),
    });
    if (error === undefined) throw new MalformedBodyError(`it holds an error of an unknown class`);
    return error;
  }

  #readInstance(content: unknown): object {
    const [name, data] = this.#readPair(content);
    const type = this.types.ofName(text(name));
    if (type === undefined) {
      throw new MalformedBodyError(`it holds an instance of ${JSON.stringify(name)}, which is not registered here`);
    }
    return type.deserialize(data);
  }

  #readTypedArray(tag: string, content: unknown): unknown {
    const type = TYPED_ARRAYS.get(tag);
    if (type === undefined) throw new MalformedBodyError(`it has the unknown tag ${JSON.stringify(tag)}`);
    return new type(arrayBufferOf(this.format.unpackBytes(content)));
  }
}

/** The bytes in memory of their own. */
function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function text(content: unknown): string {
  if (typeof content !== 'string') throw new MalformedBodyError('a tag holds something else than text');
  return content;
}

function list(content: unknown): unknown[] {
  if (!Array.isArray(content)) throw new MalformedBodyError('a tag holds something else than a list');
  return content as unknown[];
}
