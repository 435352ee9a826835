import { isKeyPart, joinKeyParts } from './key-part.js';
import type { KeyPart } from './key-part.js';

/** The value of an index for one entity; `undefined`: the entity is not in the index; a list: it is there several times. */
export type IndexValue = KeyPart | undefined | readonly (KeyPart | undefined)[];

/**
 * One parameter of an indexed method: the property that it is compared with, or a function that gives the value which
 * the method must be called with to find the entity.
 */
export type IndexPart<E> = (keyof E & string) | ((entity: E) => IndexValue);

/** What an entity is found by; made with {@link unique} or {@link list}. */
export class EntityIndex<E, Kind extends 'unique' | 'list' = 'unique' | 'list'> {
  constructor(
    readonly kind: Kind,
    readonly parts: readonly IndexPart<E>[],
  ) {}

  /** The keys under which this entity is found: none, one, or each combination where a part gives several values. */
  keysOf(entity: E): string[] {
    let combinations: KeyPart[][] = [[]];
    for (const part of this.parts) {
      const value = typeof part === 'function' ? part(entity) : (entity[part] as IndexValue);
      const values = (isSeveral(value) ? value : [value]).filter((item) => item !== undefined);
      combinations = combinations.flatMap((chosen) => values.map((item) => [...chosen, item]));
    }
    return combinations.map(joinKeyParts);
  }

  /**
   * The key that a call with these arguments asks for: one value for each part, or one plain object with exactly the
   * properties that the parts name. `undefined` for any other call, which the index then does not answer.
   */
  keyFor(args: readonly unknown[]): string | undefined {
    const values = this.#valuesIn(args);
    return values.length === this.parts.length && values.every(isKeyPart) ? joinKeyParts(values) : undefined;
  }

  #valuesIn(args: readonly unknown[]): readonly unknown[] {
    const [criteria] = args;
    if (args.length !== 1 || !isPlainObject(criteria)) return args;
    const isExact = Object.keys(criteria).length === this.parts.length;
    return isExact ? this.parts.map((part) => (typeof part === 'string' ? criteria[part] : undefined)) : [];
  }
}

/** An index with at most one entity for each key. */
export type UniqueIndex<E> = EntityIndex<E, 'unique'>;

/** An index with a list of entities for each key. */
export type ListIndex<E> = EntityIndex<E, 'list'>;

/**
 * Declares a method that finds one entity by the given properties, one for each parameter.
 *
 * @example unique<Hero>('name')
 * @example unique((hero: Hero) => hero.address.email)
 */
export function unique<E>(...parts: [IndexPart<E>, ...IndexPart<E>[]]): UniqueIndex<E> {
  return new EntityIndex('unique', parts);
}

/**
 * Declares a method that lists the entities with the given properties, one for each parameter. A property that is itself
 * a list puts the entity into one list for each item.
 *
 * @example list<Hero>('language')
 * @example list<Child>('interests')
 * @example list<Child>('name', 'age', 'gender')
 */
export function list<E>(...parts: [IndexPart<E>, ...IndexPart<E>[]]): ListIndex<E> {
  return new EntityIndex('list', parts);
}

function isSeveral(value: IndexValue): value is readonly (KeyPart | undefined)[] {
  return Array.isArray(value);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
