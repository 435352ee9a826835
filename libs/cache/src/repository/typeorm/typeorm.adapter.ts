import type { EvictionOutboxes } from '../../outbox/eviction-outboxes.js';
import type { CachedRepository } from '../cached-repository.js';
import type { CacheStrategy } from '../cache-strategy.js';
import type { EntityId } from '../key-part.js';
import type { ReadRoute } from '../read-routes.js';
import type { RepositoryAdapter } from '../repository-adapter.port.js';
import type { RepositoryMethods } from '../repository-methods.js';
import { RepositoryWarnings } from '../repository-warnings.js';
import type { RowSource } from '../row-source.port.js';
import { DataSourceObserver } from './data-source-observer.js';
import { finderRoutes } from './finder-routes.js';
import type { ChangeListener } from './transaction-journal.js';
import { isDataSource, isTypeOrmRepository } from './typeorm-shapes.js';
import type { DataSourceShape, EntityMetadataShape } from './typeorm-shapes.js';
import { TypeOrmRows } from './typeorm.rows.js';

const NOT_KEPT =
  'A write outside of a transaction is not covered by the outbox: a crash right after it can leave old entries. Run query ' +
  'builders and SQL of your own in dataSource.transaction().';

/** What {@link findTypeOrmAdapter} looks at. */
export interface TypeOrmClues<E extends object, Id extends EntityId> {
  readonly repository: object;
  readonly strategy: CacheStrategy<E, Id>;
  readonly cached: CachedRepository<E, Id>;
  /** The named cache in which it keeps its entries. */
  readonly cacheName: string | undefined;
  readonly outboxes: Pick<EvictionOutboxes, 'of'>;
  /** Every object that the application injects, among them its data sources. */
  readonly others: Iterable<object>;
}

/**
 * The adapter of a repository whose entities are rows of TypeORM: one of TypeORM's own, or a class of whose entity a data
 * source of the application knows the table. `undefined` for any other.
 */
export function findTypeOrmAdapter<E extends object, Id extends EntityId>(
  clues: TypeOrmClues<E, Id>,
): RepositoryAdapter<E, Id> | undefined {
  const { repository, strategy, others } = clues;
  const own = isTypeOrmRepository(repository) ? repository : undefined;
  const target = own?.target ?? strategy.entity;
  const dataSources = new Set(own ? [own.manager.dataSource] : []);
  if (typeof target === 'function') {
    for (const other of others) if (isDataSource(other) && other.hasMetadata(target)) dataSources.add(other);
  }
  const [first, ...further] = [...dataSources].filter(({ driver }) => driver.options.type !== 'mongodb');
  return first && new TypeOrmAdapter(clues, [first, ...further], first.getMetadata(target));
}

class TypeOrmAdapter<E extends object, Id extends EntityId> implements RepositoryAdapter<E, Id> {
  readonly name = 'TypeORM';
  readonly hasFinders: boolean;
  readonly isDurable: boolean;
  readonly rows: RowSource<E, Id>;
  readonly #untrack: (() => void)[];

  constructor(
    private readonly clues: TypeOrmClues<E, Id>,
    private readonly dataSources: readonly [DataSourceShape, ...DataSourceShape[]],
    private readonly metadata: EntityMetadataShape,
  ) {
    this.hasFinders = isTypeOrmRepository(clues.repository);
    this.rows = new TypeOrmRows(dataSources[0], metadata, clues.strategy);
    this.isDurable = dataSources.every((dataSource) => clues.outboxes.of(dataSource));
    this.#untrack = dataSources.map((dataSource) =>
      DataSourceObserver.of(dataSource).track({
        metadata: dataSource.getMetadata(metadata.target),
        listener: listenerOf(clues, dataSource),
      }),
    );
  }

  finderRoutes(methods: RepositoryMethods<E, Id>): ReadonlyMap<string, ReadRoute<Id>> {
    return this.hasFinders ? finderRoutes(this.metadata, methods) : new Map();
  }

  /** What is in a manager's place while a transaction is open can be the manager of that transaction. */
  isInTransaction(): boolean {
    const { repository } = this.clues;
    const managers = this.dataSources.map(({ manager }) => manager);
    if (isTypeOrmRepository(repository)) managers.push(repository.manager);
    return managers.some(({ queryRunner }) => queryRunner?.isTransactionActive === true);
  }

  release(): void {
    for (const untrack of this.#untrack.splice(0)) untrack();
  }
}

function listenerOf<E extends object, Id extends EntityId>(
  { cached, strategy, cacheName, outboxes }: TypeOrmClues<E, Id>,
  dataSource: DataSourceShape,
): ChangeListener {
  const outbox = outboxes.of(dataSource);
  const warnings = new RepositoryWarnings(cached.name);
  return {
    changed: (change) => cached.evict(change),
    renew: strategy.write === 'through' ? (change) => cached.renew(change) : undefined,
    durable: outbox && {
      outbox,
      intentOf: (change) => ({ cache: cacheName ?? null, kind: 'tag', targets: cached.tagsOf(change) }),
      missed: () => warnings.tell(NOT_KEPT),
    },
  };
}
