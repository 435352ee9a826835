import { types } from 'node:util';

/** The kinds of object that a cache can carry besides the instances of registered classes. */
export type ValueKind =
  | 'object'
  | 'bare-object'
  | 'array'
  | 'date'
  | 'map'
  | 'set'
  | 'buffer'
  | 'typed-array'
  | 'array-buffer'
  | 'regexp'
  | 'url'
  | 'error';

/** A typed array of any element type; `Buffer` is told apart by its kind. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

type TypedArrayClass = new (buffer: ArrayBuffer) => TypedArray;

/** The typed arrays by the name of their class. */
export const TYPED_ARRAYS: ReadonlyMap<string, TypedArrayClass> = new Map<string, TypedArrayClass>(
  [
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    BigInt64Array,
    BigUint64Array,
    Float32Array,
    Float64Array,
  ].map((type) => [type.name, type]),
);

/** Makes an error of each built-in class, by the name of the class. */
export const ERRORS: ReadonlyMap<string, () => Error> = new Map<string, () => Error>([
  ['Error', () => new Error()],
  ['AggregateError', () => new AggregateError([])],
  ['EvalError', () => new EvalError()],
  ['RangeError', () => new RangeError()],
  ['ReferenceError', () => new ReferenceError()],
  ['SyntaxError', () => new SyntaxError()],
  ['TypeError', () => new TypeError()],
  ['URIError', () => new URIError()],
]);

const KIND_OF_BUILT_IN: ReadonlyMap<string, ValueKind> = new Map<string, ValueKind>([
  ['Object', 'object'],
  ['Array', 'array'],
  ['Date', 'date'],
  ['Map', 'map'],
  ['Set', 'set'],
  ['ArrayBuffer', 'array-buffer'],
  ['RegExp', 'regexp'],
  ...Array.from(TYPED_ARRAYS.keys(), (name): [string, ValueKind] => [name, 'typed-array']),
  ...Array.from(ERRORS.keys(), (name): [string, ValueKind] => [name, 'error']),
]);

/**
 * What the prototypes met so far stand for, `null` for those of other classes; filled on demand, so that the built-ins
 * of another realm are known too.
 */
const kindOfPrototype = new WeakMap<object, ValueKind | null>([
  [Buffer.prototype, 'buffer'],
  [URL.prototype, 'url'],
]);

const HAS_KIND: Readonly<Partial<Record<ValueKind, (value: object) => boolean>>> = {
  array: Array.isArray,
  date: types.isDate,
  map: types.isMap,
  set: types.isSet,
  buffer: (value) => Buffer.isBuffer(value),
  'typed-array': types.isTypedArray,
  'array-buffer': types.isArrayBuffer,
  regexp: types.isRegExp,
  error: types.isNativeError,
};

/** What kind of object this is; `undefined` for an instance of any class that is not built in. */
export function kindOf(value: object): ValueKind | undefined {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype) return 'object';
  if (prototype === null) return 'bare-object';
  let kind = kindOfPrototype.get(prototype);
  if (kind === undefined) kindOfPrototype.set(prototype, (kind = kindOfForeignPrototype(prototype)));
  // Only an impostor made with Object.create() has the prototype without being what the prototype says.
  return kind === null || HAS_KIND[kind]?.(value) === false ? undefined : kind;
}

function kindOfForeignPrototype(prototype: object): ValueKind | null {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof constructor !== 'function' || !isNative(constructor)) return null;
  return KIND_OF_BUILT_IN.get(constructor.name) ?? null;
}

/** True for a function of the JavaScript engine itself. */
export function isNative(candidate: object): boolean {
  return Function.prototype.toString.call(candidate).endsWith('{ [native code] }');
}
