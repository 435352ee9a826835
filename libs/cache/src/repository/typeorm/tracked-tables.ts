import type { ChangeListener } from './transaction-journal.js';
import type { EntityMetadataShape } from './typeorm-shapes.js';

/** An entity whose rows somebody wants to hear of. */
export interface TrackedEntity {
  readonly metadata: EntityMetadataShape;
  readonly listener: ChangeListener;
}

/** The tracked entities of a data source by the tables that they depend on. */
export class TrackedTables {
  readonly #entities = new Set<TrackedEntity>();

  /** @param metadatas all of the data source */
  constructor(private readonly metadatas: readonly EntityMetadataShape[]) {}

  get isEmpty(): boolean {
    return this.#entities.size === 0;
  }

  add(entity: TrackedEntity): void {
    this.#entities.add(entity);
  }

  delete(entity: TrackedEntity): void {
    this.#entities.delete(entity);
  }

  all(): TrackedEntity[] {
    return [...this.#entities];
  }

  /** The entities that are rows of this table: more than one where a class and its subclasses share it. */
  in({ tablePath }: EntityMetadataShape): TrackedEntity[] {
    return [...this.#entities].filter(({ metadata }) => metadata.tablePath === tablePath);
  }

  /** The entities that this table joins with others, many to many. */
  joinedBy({ tablePath }: EntityMetadataShape): TrackedEntity[] {
    return [...this.#entities].filter((entity) => joinTablesOf(entity).includes(tablePath));
  }

  /**
   * The entities whose rows, or whose joins with others, the database deletes or changes by itself when rows of this table
   * are deleted: by foreign keys that say `ON DELETE CASCADE`, `SET NULL` or `SET DEFAULT`, as far as entities declare them.
   */
  changedByRemoval(from: EntityMetadataShape): TrackedEntity[] {
    const changed = new Set<string>();
    const emptied = [from.tablePath];
    for (let table = emptied.pop(); table !== undefined; table = emptied.pop()) {
      for (const { tablePath, foreignKeys } of this.metadatas) {
        for (const { referencedEntityMetadata, onDelete = 'NO ACTION' } of foreignKeys) {
          if (referencedEntityMetadata.tablePath !== table || !/^(CASCADE|SET )/.test(onDelete)) continue;
          if (onDelete === 'CASCADE' && !changed.has(tablePath)) emptied.push(tablePath);
          changed.add(tablePath);
        }
      }
    }
    return [...this.#entities].filter((entity) =>
      [entity.metadata.tablePath, ...joinTablesOf(entity)].some((table) => changed.has(table)),
    );
  }
}

function joinTablesOf({ metadata }: TrackedEntity): string[] {
  return metadata.manyToManyRelations.flatMap(({ junctionEntityMetadata }) => junctionEntityMetadata?.tablePath ?? []);
}
