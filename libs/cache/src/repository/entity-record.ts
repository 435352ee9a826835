import { copyValue } from '@nest-strata/engine';
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

  /**
   * What is to be stored of an entity, cut off from it; `undefined` for an instance of a class that could not be brought
   * back.
   *
   * @throws UnsupportedValueError when the cache cannot carry something in it
   */
  toRecord(entity: E): unknown {
    if (this.strategy.serialize !== undefined) return copyValue(this.strategy.serialize(entity), this.types);
    const prototype: unknown = Object.getPrototypeOf(entity);
    if (prototype === this.#prototype || isPlain(prototype)) return copyValue({ ...entity }, this.types);
    return this.types.ofInstance(entity) === undefined ? undefined : copyValue(entity, this.types);
  }

  /** A new entity, which the caller may change, from a record that others read too. */
  toEntity(record: unknown): E {
    const own = copyValue(record, this.types);
    if (this.strategy.deserialize !== undefined) return this.strategy.deserialize(own);
    return isPlain(Object.getPrototypeOf(own)) ? (Object.setPrototypeOf(own, this.#prototype) as E) : (own as E);
  }
}

function isPlain(prototype: unknown): boolean {
  return prototype === Object.prototype || prototype === null;
}
