import type { SourceVersion } from '@nest-strata/engine';
import type { CacheStrategy } from './cache-strategy.js';
import type { EntityChange } from './entity-change.js';
import type { EntityIndex } from './entity-index.js';
import { EntityNames } from './entity-names.js';
import { idText, isEntityId } from './key-part.js';
import type { EntityId } from './key-part.js';

/** A write that concerns more tags than this invalidates everything instead. */
const MAX_TAGS_PER_WRITE = 1_000;

/** Which tags stand for which entities and changes. Throws what the functions of the strategy throw. */
export class EntityTags<E extends object, Id extends EntityId> {
  readonly names: EntityNames;
  /** Entries of others carry perhaps only the second. */
  readonly #everything: readonly string[];
  readonly #indexes: readonly (readonly [method: string, index: EntityIndex<E>])[];

  constructor(
    name: string,
    private readonly strategy: CacheStrategy<E, Id>,
  ) {
    this.names = new EntityNames(name);
    this.#everything = [this.names.everything, this.names.all];
    this.#indexes = Object.entries<EntityIndex<E>>({ ...strategy.indexes, ...strategy.lists });
  }

  /** The name of the entity's own entry and tag; `undefined` while it has no id. */
  ofId(entity: E): string | undefined {
    const id = this.strategy.id(entity);
    return isEntityId(id) ? this.names.id(idText(id)) : undefined;
  }

  /** The version of the row; `undefined` where the strategy tells none. */
  versionOf(entity: E): SourceVersion | undefined {
    return this.strategy.version?.(entity);
  }

  /** The tags of an entry because this entity is in it; `undefined` when it has no id to know it by. */
  ofEntity(entity: E): string[] | undefined {
    const own = this.ofId(entity);
    return own === undefined ? undefined : [own, ...(this.strategy.tags?.(entity) ?? [])];
  }

  /** The tags that a change invalidates: none when nothing changed. */
  ofChange(change: EntityChange<E, Id>): readonly string[] {
    if (change === 'everything') return this.#everything;
    const tags = new Set<string>();
    for (const id of change.ids ?? []) tags.add(this.names.id(idText(id)));
    for (const row of change.rows ?? []) {
      const own = this.ofId(row);
      if (own === undefined) return this.#everything;
      tags.add(own);
      for (const [method, index] of this.#indexes) {
        for (const key of index.keysOf(row)) tags.add(this.names.index(method, key));
      }
    }
    if (tags.size > 0) tags.add(this.names.all);
    return tags.size > MAX_TAGS_PER_WRITE ? this.#everything : [...tags];
  }
}
