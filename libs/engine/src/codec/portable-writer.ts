import { errorParts } from '../values/error-parts.js';
import type { TypeRegistry } from '../values/type-registry.js';
import { kindOf } from '../values/value-kind.js';
import { itemStep, mapStep, NO_STEP, type PathStep } from '../values/value-path.js';
import { ValueTrail } from '../values/value-trail.js';
import { isTagName, tagged, type PortableFormat } from './portable-format.js';

/**
 * The value in terms that the format has: the very same value where all of it is plain JSON, else a copy in which the
 * rest is tagged (see {@link PortableFormat}).
 *
 * @throws UnsupportedValueError when the value, or something in it, is of no supported type
 */
export function toPortable(value: unknown, format: PortableFormat, types: TypeRegistry): unknown {
  return new PortableWriter(format, types).write(value, 0);
}

class PortableWriter {
  readonly #trail = new ValueTrail();

  constructor(
    private readonly format: PortableFormat,
    private readonly types: TypeRegistry,
  ) {}

  write(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return this.format.canHold(value) ? value : tagged('string', codeUnitsOf(value));
      case 'boolean':
        return value;
      case 'number':
        return isPlainNumber(value) ? value : tagged('number', Object.is(value, -0) ? '-0' : String(value));
      case 'undefined':
        return tagged('undefined', true);
      case 'bigint':
        return tagged('bigint', String(value));
      case 'object':
        return value === null ? null : this.#writeObject(value, depth);
      default:
        throw this.#trail.unsupported(value, depth);
    }
  }

  #writeObject(value: object, depth: number): unknown {
    this.#trail.enter(value, depth);
    if (Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype) return this.#writeArray(value, depth);
    switch (kindOf(value)) {
      case 'object':
        return this.#writeProperties(value, depth);
      case 'array':
        return this.#writeArray(value as unknown[], depth);
      case 'bare-object':
        return tagged('bare', this.#writeEntries(value, depth));
      case 'date':
        return tagged('Date', isNaN((value as Date).getTime()) ? null : (value as Date).toISOString());
      case 'map':
        return tagged('Map', this.#writeMap(value as Map<unknown, unknown>, depth));
      case 'set':
        return tagged(
          'Set',
          Array.from(value as Set<unknown>, (item, at) => this.#writeAt(itemStep('item', at), item, depth)),
        );
      case 'buffer':
      case 'typed-array':
        return tagged(value.constructor.name, this.#bytes(value as Uint8Array));
      case 'array-buffer':
        return tagged('ArrayBuffer', this.format.packBytes(Buffer.from(value as ArrayBuffer)));
      case 'regexp':
        return tagged('RegExp', [this.write((value as RegExp).source, depth), (value as RegExp).flags]);
      case 'url':
        return tagged('URL', (value as URL).href);
      case 'error':
        return tagged('Error', this.#writeError(value as Error, depth));
      case undefined:
        return this.#writeInstance(value, depth);
    }
  }

  #writeArray(array: readonly unknown[], depth: number): unknown[] {
    let copy: unknown[] | undefined;
    for (let at = 0; at < array.length; at++) {
      const item = array[at];
      this.#trail.step(at, depth);
      if (item === undefined && !(at in array)) throw this.#trail.hole(depth + 1);
      const written = this.write(item, depth + 1);
      if (written !== item) (copy ??= array.slice())[at] = written;
    }
    return copy ?? (array as unknown[]);
  }

  #writeProperties(object: object, depth: number): unknown {
    this.#trail.refuseSymbols(object, depth);
    let copy: Record<string, unknown> | undefined;
    let count = 0;
    let canHoldNames = true;
    let onlyName = '';
    for (const name in object) {
      if (count++ === 0) onlyName = name;
      canHoldNames &&= this.format.canHoldName(name);
      const item = (object as Record<string, unknown>)[name];
      this.#trail.step(name, depth);
      const written = this.write(item, depth + 1);
      if (written !== item) (copy ??= { ...object } as Record<string, unknown>)[name] = written;
    }
    const written = copy ?? object;
    const isHeld = canHoldNames && !(count === 1 && isTagName(onlyName));
    return isHeld ? written : tagged('object', this.#entriesOf(written, depth));
  }

  #writeEntries(object: object, depth: number): unknown[] {
    this.#trail.refuseSymbols(object, depth);
    return Object.entries(object).map(([name, item]) => [this.write(name, depth), this.#writeAt(name, item, depth)]);
  }

  /** The entries of an object whose values are written already: writing them twice would double at every level. */
  #entriesOf(written: object, depth: number): unknown[] {
    return Object.entries(written).map(([name, item]: [string, unknown]) => [this.write(name, depth), item]);
  }

  #writeMap(map: ReadonlyMap<unknown, unknown>, depth: number): unknown[] {
    return Array.from(map, ([key, item], at) => [
      this.#writeAt(itemStep('key', at), key, depth),
      this.#writeAt(mapStep(key, at), item, depth),
    ]);
  }

  #writeError(error: Error, depth: number): unknown[] {
    this.#trail.refuseSymbols(error, depth);
    const { type, hidden, fields } = errorParts(error);
    return [type, this.#writeEntries(hidden, depth), this.#writeEntries(fields, depth)];
  }

  #writeInstance(value: object, depth: number): unknown {
    const type = this.types.ofInstance(value);
    if (type === undefined) throw this.#trail.unsupported(value, depth);
    return tagged('type', [this.write(type.name, depth), this.#writeAt(NO_STEP, type.serialize(value), depth)]);
  }

  #bytes(view: Uint8Array): unknown {
    return this.format.packBytes(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  }

  #writeAt(step: PathStep, item: unknown, depth: number): unknown {
    this.#trail.step(step, depth);
    return this.write(item, depth + 1);
  }
}

/** True for a number that JSON has: no NaN, no infinity, and no negative zero, which JSON would turn into zero. */
function isPlainNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0);
}

function codeUnitsOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
}
