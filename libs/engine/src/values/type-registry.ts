import { TypeRegistrationError } from './type-registration.error.js';
import { isNative } from './value-kind.js';

/** A class whose instances a cache is to bring back as what they were. */
export type RegistrableClass<T extends object> = abstract new (...args: never[]) => T;

/** How the instances of a class are kept. */
export interface TypeOptions<T extends object, Data> {
  /** Written into every entry; keep it when the class is renamed. Default: the name of the class. */
  readonly name?: string;
  /** What is to be kept of an instance: any value that a cache can carry. Default: its own enumerable fields. */
  readonly serialize?: (instance: T) => Data;
  /**
   * The instance again, from what `serialize` gave. Default: the fields are put on a new object of the class, without
   * calling the constructor.
   */
  readonly deserialize?: (data: Data) => T;
}

/** A registered class, as the codecs see it. */
export interface RegisteredType {
  readonly name: string;
  /** `serialize` gives a new plain object with the instance's own fields, and `deserialize` takes one. */
  readonly isFieldwise: boolean;
  readonly serialize: (instance: object) => unknown;
  readonly deserialize: (data: unknown) => object;
}

/**
 * The classes whose instances may be cached. Only these are ever instantiated from stored bytes, and only as a whole
 * class: an instance of a subclass must be registered as that subclass.
 */
export class TypeRegistry {
  readonly #byPrototype = new Map<object, RegisteredType>();
  readonly #byName = new Map<
    string,
    { readonly type: RegistrableClass<object>; readonly registered: RegisteredType }
  >();

  /**
   * Lets instances of `type` be cached; registering the same class again replaces its options.
   *
   * Private `#fields` and non-enumerable properties are not kept by default: give `serialize` and `deserialize` where
   * they matter.
   *
   * @throws TypeRegistrationError when another class has the name, when the name is empty, when only one of the two
   * functions is given, or when the class needs them because it extends a built-in one
   */
  register<T extends object, Data = unknown>(type: RegistrableClass<T>, options: TypeOptions<T, Data> = {}): this {
    const name = checkedName(type, options.name);
    const holder = this.#byName.get(name);
    if (holder !== undefined && holder.type !== type) throw new TypeRegistrationError(name, duplicateProblem(name));
    const registered = toRegisteredType(type, name, options);
    const former = this.#byPrototype.get(type.prototype as object);
    if (former !== undefined) this.#byName.delete(former.name);
    this.#byName.set(name, { type, registered });
    this.#byPrototype.set(type.prototype as object, registered);
    return this;
  }

  /** The registered class that this is an instance of, subclasses not included. */
  ofInstance(instance: object): RegisteredType | undefined {
    return this.#byPrototype.get(Object.getPrototypeOf(instance) as object);
  }

  /** The registered class of this name. */
  ofName(name: string): RegisteredType | undefined {
    return this.#byName.get(name)?.registered;
  }
}

/** The registry of a cache that is given none of its own. */
export const defaultTypes = new TypeRegistry();

/** Lets instances of `type` be cached in every cache without a registry of its own; see {@link TypeRegistry.register}. */
export function registerType<T extends object, Data = unknown>(
  type: RegistrableClass<T>,
  options: TypeOptions<T, Data> = {},
): void {
  defaultTypes.register(type, options);
}

function toRegisteredType<T extends object, Data>(
  type: RegistrableClass<T>,
  name: string,
  { serialize, deserialize }: TypeOptions<T, Data>,
): RegisteredType {
  if ((serialize === undefined) !== (deserialize === undefined)) {
    throw new TypeRegistrationError(name, 'it has only one of `serialize` and `deserialize`. Give both, or neither.');
  }
  if (serialize !== undefined && deserialize !== undefined) {
    return {
      name,
      isFieldwise: false,
      serialize: serialize as (instance: object) => unknown,
      deserialize: deserialize as (data: unknown) => object,
    };
  }
  const prototype = type.prototype as object;
  const ancestor = builtInAncestor(prototype);
  if (ancestor !== undefined) {
    throw new TypeRegistrationError(
      name,
      `it extends ${ancestor}, whose contents are no fields. Give \`serialize\` and \`deserialize\`.`,
    );
  }
  // Spreading defines properties: no setter of the class is called, and a field named `__proto__` stays a field.
  return {
    name,
    isFieldwise: true,
    serialize: (instance) => ({ ...instance }),
    deserialize: (fields) => ({ __proto__: prototype, ...(fields as object) }),
  };
}

function checkedName(type: unknown, given: string | undefined): string {
  if (typeof type !== 'function' || typeof type.prototype !== 'object' || type.prototype === null) {
    throw new TypeRegistrationError(String(given), 'what was given is no class. Pass the class itself, such as Hero.');
  }
  const name = given ?? type.name;
  if (typeof name !== 'string' || name === '') {
    throw new TypeRegistrationError('(anonymous)', "it has no name. Give one: { name: 'Hero' }.");
  }
  return name;
}

function duplicateProblem(name: string): string {
  return `another class is registered as ${JSON.stringify(name)}. Give one of them another name: { name: '…' }.`;
}

/** The name of the built-in class that the prototype descends from, unless that is `Object`. */
function builtInAncestor(prototype: object): string | undefined {
  let ancestor = Object.getPrototypeOf(prototype) as object | null;
  while (ancestor !== null && Object.getPrototypeOf(ancestor) !== null) {
    const { constructor } = ancestor;
    if (isNative(constructor) || constructor === Buffer || constructor === URL) return constructor.name;
    ancestor = Object.getPrototypeOf(ancestor) as object | null;
  }
  return undefined;
}
