import { createHash } from 'node:crypto';
import { types } from 'node:util';
import { kindOf, type TypedArray } from '../values/value-kind.js';
import { formatPath, itemStep, mapStep, type PathStep } from '../values/value-path.js';
import { UnsupportedKeyArgumentError } from './unsupported-key-argument.error.js';

/** A longer key becomes a digest: it is readable no more anyway, and every entry carries it. */
const MAX_LENGTH = 256;
const MAX_DEPTH = 100;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The key of a call without arguments; no list of arguments is written like this. */
const NO_ARGUMENTS = '()';
/** Begins a digest; no list of arguments begins like this. */
const DIGEST_MARK = '#';

/**
 * A text that tells the arguments of one call from those of another: `1,"en"`, `{id:1,tags:["a"]}`.
 *
 * Different arguments give different texts: `1` and `"1"`, `null` and `"null"`, `undefined` and no argument, `0` and
 * `-0`, `["a,b"]` and `["a","b"]`, instances of differently named classes. The order of an object's properties makes no
 * difference, nor does the order of a `Map`'s or `Set`'s contents. An instance of a class is known by the name of the
 * class and its own enumerable fields; private `#fields` are not seen. Texts over 256 characters become a digest (256
 * bits).
 *
 * @throws UnsupportedKeyArgumentError for a function, symbol, promise, stream, error, cyclic or very deep object, array
 * with holes or names, or an object without anything to know it by
 */
export function keyOfArguments(args: readonly unknown[]): string {
  if (args.length === 0) return NO_ARGUMENTS;
  const text = args.map((argument, index) => new ArgumentWriter(index).write(argument)).join(',');
  if (text.length <= MAX_LENGTH) return text;
  return DIGEST_MARK + createHash('sha256').update(text).digest('hex');
}

class ArgumentWriter {
  readonly #path: PathStep[];
  readonly #ancestors: object[] = [];

  constructor(private readonly index: number) {
    this.#path = [index];
  }

  write(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return JSON.stringify(value);
      case 'number':
        return Object.is(value, -0) ? '-0' : String(value);
      case 'bigint':
        return `${String(value)}n`;
      case 'boolean':
      case 'undefined':
        return String(value);
      case 'object':
        return value === null ? 'null' : this.#writeObject(value);
      default:
        throw this.#unsupported(`a ${typeof value}`);
    }
  }

  #writeObject(value: object): string {
    if (this.#ancestors.includes(value)) throw this.#unsupported('a reference back to what contains it');
    if (this.#ancestors.length === MAX_DEPTH)
      throw this.#unsupported(`nested more than ${String(MAX_DEPTH)} levels deep`);
    this.#ancestors.push(value);
    const text = this.#writeKind(value);
    this.#ancestors.pop();
    return text;
  }

  #writeKind(value: object): string {
    switch (kindOf(value)) {
      case 'object':
      case 'bare-object':
        return this.#writeFields(value);
      case 'array':
        return this.#writeArray(value as unknown[]);
      case 'date':
        return `Date(${isNaN((value as Date).getTime()) ? 'NaN' : (value as Date).toISOString()})`;
      case 'map':
        return this.#writeMap(value as Map<unknown, unknown>);
      case 'set':
        return this.#writeSet(value as Set<unknown>);
      case 'buffer':
      case 'typed-array':
        return `${value.constructor.name}(${hexOf(value as TypedArray)})`;
      case 'array-buffer':
        return `ArrayBuffer(${Buffer.from(value as ArrayBuffer).toString('hex')})`;
      case 'regexp':
        return `RegExp(${JSON.stringify((value as RegExp).source)},${(value as RegExp).flags})`;
      case 'url':
        return `URL(${JSON.stringify((value as URL).href)})`;
      case 'error':
        throw this.#unsupported('an error');
      case undefined:
        return this.#writeInstance(value);
    }
  }

  #writeArray(array: readonly unknown[]): string {
    const names = Object.keys(array);
    // Indices come first, in order: as many names as items, the last one the last index, leave room for nothing else.
    if (names.length !== array.length || (names.length > 0 && names.at(-1) !== String(array.length - 1))) {
      throw this.#unsupported('an array with holes or named properties');
    }
    return `[${array.map((item, at) => this.#at(at, item)).join(',')}]`;
  }

  #writeMap(map: ReadonlyMap<unknown, unknown>): string {
    const entries = Array.from(map, ([key, item], at) => {
      return `${this.#at(itemStep('key', at), key)}=>${this.#at(mapStep(key, at), item)}`;
    });
    return `Map(${entries.sort().join(',')})`;
  }

  #writeSet(set: ReadonlySet<unknown>): string {
    const items = Array.from(set, (item, at) => this.#at(itemStep('item', at), item));
    return `Set(${items.sort().join(',')})`;
  }

  #writeFields(value: object): string {
    if (Object.getOwnPropertySymbols(value).length > 0) throw this.#unsupported('an object with symbols for names');
    const fields = Object.entries(value).map(([name, item]) => `${writeName(name)}:${this.#at(name, item)}`);
    return `{${fields.sort().join(',')}}`;
  }

  #writeInstance(value: object): string {
    if (types.isPromise(value)) throw this.#unsupported('a promise, which must be awaited first');
    if ('pipe' in value || 'getReader' in value) throw this.#unsupported('a stream');
    const { constructor, toJSON } = value as { constructor?: unknown; toJSON?: unknown };
    const name = typeof constructor === 'function' ? constructor.name : '';
    if (!IDENTIFIER.test(name)) throw this.#unsupported('an instance of a class without a name');
    if (hasHiddenContents(value)) throw this.#unsupported(`an instance of ${name}, whose contents are no fields`);
    if (Object.keys(value).length > 0) return name + this.#writeFields(value);
    if (typeof toJSON !== 'function')
      throw this.#unsupported(`an instance of ${name} without any fields to know it by`);
    return `${name}.toJSON(${this.#at('toJSON()', (value as { toJSON(): unknown }).toJSON())})`;
  }

  #at(step: PathStep, value: unknown): string {
    this.#path.push(step);
    const text = this.write(value);
    this.#path.pop();
    return text;
  }

  #unsupported(found: string): UnsupportedKeyArgumentError {
    return new UnsupportedKeyArgumentError(this.index, formatPath(this.#path, 'arguments'), found);
  }
}

/** True for an instance of a class that extends a built-in one which keeps its contents elsewhere than in fields. */
function hasHiddenContents(value: object): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isNativeError(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isBoxedPrimitive(value)
  );
}

function writeName(name: string): string {
  return IDENTIFIER.test(name) ? name : JSON.stringify(name);
}

function hexOf(view: TypedArray): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
}
