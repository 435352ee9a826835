import { errorOfParts, errorParts } from './error-parts.js';
import { defaultTypes, type TypeRegistry } from './type-registry.js';
import { kindOf, TYPED_ARRAYS, type TypedArray } from './value-kind.js';
import { itemStep, mapStep, NO_STEP, type PathStep } from './value-path.js';
import { ValueTrail } from './value-trail.js';

/**
 * Spread before a value, so that the copy shares its hidden class with others of its fields. V8 gives `{ ...value }` one
 * that it cannot share any more once the copy is frozen; reading and returning such copies is slow for ever.
 */
const NOTHING = {};

/**
 * A deep copy of a value, equal to what the codecs would bring back of it: the same types are supported, a reference
 * that occurs twice becomes two copies, and accessors become what they gave.
 *
 * @throws UnsupportedValueError when the value, or something in it, is of no supported type
 */
export function copyValue<T>(value: T, types: TypeRegistry = defaultTypes): T {
  return isLeaf(value) ? value : (new Copier(types).copy(value, 0) as T);
}

function isLeaf(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol');
}

class Copier {
  readonly #trail = new ValueTrail();

  constructor(private readonly types: TypeRegistry) {}

  copy(value: unknown, depth: number): unknown {
    if (isLeaf(value)) return value;
    if (typeof value !== 'object' || value === null) throw this.#trail.unsupported(value, depth);
    this.#trail.enter(value, depth);
    if (Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype) return this.#copyArray(value, depth);
    switch (kindOf(value)) {
      case 'object':
        return this.#copyProperties(value, { ...NOTHING, ...value }, depth);
      case 'bare-object':
        return this.#copyProperties(value, { __proto__: null, ...value }, depth);
      case 'array':
        return this.#copyArray(value as unknown[], depth);
      case 'date':
        return new Date((value as Date).getTime());
      case 'map':
        return this.#copyMap(value as Map<unknown, unknown>, depth);
      case 'set':
        return new Set(
          Array.from(value as Set<unknown>, (item, at) => this.#copyAt(itemStep('item', at), item, depth)),
        );
      case 'buffer':
        return Buffer.from(value as Buffer);
      case 'typed-array':
        return copyTypedArray(value as TypedArray);
      case 'array-buffer':
        return (value as ArrayBuffer).slice(0);
      case 'regexp':
        return new RegExp((value as RegExp).source, (value as RegExp).flags);
      case 'url':
        return new URL((value as URL).href);
      case 'error':
        return this.#copyError(value as Error, depth);
      case undefined:
        return this.#copyInstance(value, depth);
    }
  }

  #copyArray(array: readonly unknown[], depth: number): unknown[] {
    const copy = array.slice();
    for (let at = 0; at < copy.length; at++) {
      const item = copy[at];
      if (item === undefined ? !(at in copy) : !isLeaf(item)) {
        this.#trail.step(at, depth);
        if (item === undefined) throw this.#trail.hole(depth + 1);
        copy[at] = this.copy(item, depth + 1);
      }
    }
    return copy;
  }

  /** Replaces the properties of a shallow copy by copies of their own. */
  #copyProperties(original: object, copy: object, depth: number): object {
    this.#trail.refuseSymbols(original, depth);
    for (const name in copy) {
      const item = (copy as Record<string, unknown>)[name];
      if (isLeaf(item)) continue;
      this.#trail.step(name, depth);
      (copy as Record<string, unknown>)[name] = this.copy(item, depth + 1);
    }
    return copy;
  }

  #copyMap(map: ReadonlyMap<unknown, unknown>, depth: number): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>();
    let at = 0;
    for (const [key, item] of map) {
      const keyCopy = this.#copyAt(itemStep('key', at), key, depth);
      copy.set(keyCopy, this.#copyAt(mapStep(key, at), item, depth));
      at++;
    }
    return copy;
  }

  #copyError(error: Error, depth: number): unknown {
    const { type, hidden, fields } = errorParts(error);
    return errorOfParts({
      type,
      hidden: this.#copyProperties(error, hidden, depth) as Record<string, unknown>,
      fields: this.#copyProperties(error, fields, depth) as Record<string, unknown>,
    });
  }

  #copyInstance(value: object, depth: number): unknown {
    const type = this.types.ofInstance(value);
    if (type === undefined) throw this.#trail.unsupported(value, depth);
    const data = type.serialize(value);
    return type.deserialize(
      type.isFieldwise ? this.#copyProperties(value, data as object, depth) : this.#copyAt(NO_STEP, data, depth),
    );
  }

  #copyAt(step: PathStep, item: unknown, depth: number): unknown {
    if (isLeaf(item)) return item;
    this.#trail.step(step, depth);
    return this.copy(item, depth + 1);
  }
}

function copyTypedArray(array: TypedArray): TypedArray {
  const bytes = new Uint8Array(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  const type = TYPED_ARRAYS.get(array.constructor.name) as new (buffer: ArrayBufferLike) => TypedArray;
  return new type(bytes.buffer);
}
