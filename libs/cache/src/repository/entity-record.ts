import { copyValue, UnsupportedValueError } from '@nest-strata/engine';
import type { TypeRegistry } from '@nest-strata/engine';
import type { CacheStrategy } from './cache-strategy.js';
import type { EntityId } from './key-part.js';

/** What the entries hold of an entity. */
export class EntityRecords<E extends object, Id extends EntityId> {
  readonly #prototype: object;

  /** @param types the classes that the cache can carry */
  constructor(
    private readonly strategy: CacheStrategy<E, Id>,
    private readonly types: TypeRegistry,
  ) {
    this.#prototype = typeof strategy.entity === 'string' ? Object.prototype : strategy.entity.prototype;
  }

  /** What is to be stored of an entity; `undefined` for an instance of a class that could not be brought back. */
  toRecord(entity: E): unknown {
    if (this.strategy.serialize !== undefined) return this.strategy.serialize(entity);
    const prototype: unknown = Object.getPrototypeOf(entity);
    if (prototype === this.#prototype || isPlain(prototype)) return { ...entity };
    return this.types.ofInstance(entity) === undefined ? undefined : entity;
  }

  /** A new entity, which the caller may change, from a record that others read too. */
  toEntity(record: unknown): E {
    const own = this.#copy(record);
    if (this.strategy.deserialize !== undefined) return this.strategy.deserialize(own);
    return isPlain(Object.getPrototypeOf(own)) ? (Object.setPrototypeOf(own, this.#prototype) as E) : (own as E);
  }

  /** A deep copy. What cannot be copied could not be stored either, and is shared with nobody. */
  #copy(record: unknown): unknown {
    try {
      return copyValue(record, this.types);
    } catch (error) {
      if (!(error instanceof UnsupportedValueError)) throw error;
      return typeof record === 'object' && record !== null ? { ...record } : record;
    }
  }
}

function isPlain(prototype: unknown): boolean {
  return prototype === Object.prototype || prototype === null;
}
