import { AsyncLocalStorage } from 'node:async_hooks';
import { wrapMethod } from '../wrap-method.js';
import { lockRows, readRows } from './row-reader.js';
import type { TrackedEntity, TrackedTables } from './tracked-tables.js';
import type { TransactionJournal } from './transaction-journal.js';
import type { EntityManagerShape, EntityMetadataShape, QueryRunnerShape } from './typeorm-shapes.js';

const METHODS = ['update', 'delete', 'softDelete', 'restore'] as const;

type Method = (typeof METHODS)[number];
type Manager = EntityManagerShape & Readonly<Record<Method, (...args: unknown[]) => Promise<unknown>>>;

/**
 * Steps in front of the methods of entity managers that write by criteria, `update({ age: 3 }, …)`, of which TypeORM tells
 * its subscribers no row. The rows are locked and read in the transaction of the write, which is opened if there is none.
 */
export class CriteriaWrites {
  readonly #running = new AsyncLocalStorage<{ isTold: boolean }>();

  constructor(
    private readonly tables: TrackedTables,
    private readonly journal: TransactionJournal,
  ) {}

  /** Whether the write that TypeORM now tells of is one of those seen here; each is told once. */
  readonly isCovered = (): boolean => {
    const write = this.#running.getStore();
    if (write === undefined || write.isTold) return false;
    write.isTold = true;
    return true;
  };

  /** Sees the writes of one more entity manager; returns the function that ends it. */
  observe(manager: EntityManagerShape): () => void {
    const undo = METHODS.map((method) =>
      wrapMethod(manager, method, (args, proceed) => {
        const entities = this.#entitiesIn(manager, args[0]);
        if (entities.length === 0) return proceed();
        const { queryRunner } = manager;
        if (queryRunner?.isTransactionActive !== true) {
          return manager.transaction((transaction) => (transaction as Manager)[method](...args));
        }
        const write = { method, criteria: args[1], values: args[2] };
        return this.#run(queryRunner, entities, write, () => this.#running.run({ isTold: false }, proceed));
      }),
    );
    undo.push(wrapMethod(manager, 'clear', (args, proceed) => this.#clear(manager, args, proceed)));
    return () => undo.forEach((restore) => restore());
  }

  async #run(
    connection: QueryRunnerShape,
    entities: readonly TrackedEntity[],
    { method, criteria, values }: { method: Method; criteria: unknown; values: unknown },
    proceed: () => unknown,
  ): Promise<unknown> {
    const rowsBefore = new Map<TrackedEntity, object[] | undefined>();
    for (const entity of entities) rowsBefore.set(entity, await lockChosen(connection, entity.metadata, criteria));
    const result = await proceed();
    for (const [{ metadata, listener }, before] of rowsBefore) {
      const isFollowable = before !== undefined && changedOnly(before, result) && !setsKey(metadata, values);
      const rows = isFollowable ? await withRowsAfter(connection, metadata, before, method) : undefined;
      await this.journal.record(connection, { listener, change: rows ? { rows: rows as never[] } : 'everything' });
    }
    return result;
  }

  /** TRUNCATE, which takes no criteria and tells no subscriber. */
  async #clear(
    manager: EntityManagerShape,
    [target, options]: readonly unknown[],
    proceed: () => unknown,
  ): Promise<unknown> {
    const result = await proceed();
    const isCascade = (options as { cascade?: boolean } | undefined)?.cascade === true;
    for (const { listener } of isCascade ? this.tables.all() : this.#entitiesIn(manager, target)) {
      await this.journal.record(manager.queryRunner, { listener, change: 'everything' });
    }
    return result;
  }

  #entitiesIn({ dataSource }: EntityManagerShape, target: unknown): TrackedEntity[] {
    return dataSource.hasMetadata(target) ? this.tables.in(dataSource.getMetadata(target)) : [];
  }
}

/** The rows that criteria choose, locked; `undefined` when they are too many, or TypeORM refuses the criteria. */
async function lockChosen(
  connection: QueryRunnerShape,
  metadata: EntityMetadataShape,
  criteria: unknown,
): Promise<object[] | undefined> {
  try {
    return await lockRows(connection.manager, metadata, { criteria });
  } catch (error) {
    // What the database refuses has broken the transaction; what TypeORM refuses, the write itself will refuse better.
    if (error instanceof Error && 'driverError' in error) throw error;
    return undefined;
  }
}

async function withRowsAfter(
  connection: QueryRunnerShape,
  metadata: EntityMetadataShape,
  before: readonly object[],
  method: Method,
): Promise<object[] | undefined> {
  if (method === 'delete') return [...before];
  const ids = before.map((row) => metadata.getEntityIdMap(row));
  const after = await readRows(connection.manager, metadata, ids);
  return after && [...before, ...after];
}

/** Whether the write met no row besides those that were locked for it: another transaction may have added one since. */
function changedOnly(rows: readonly object[], result: unknown): boolean {
  const { affected } = result as { affected?: number | null };
  return typeof affected === 'number' && affected <= rows.length;
}

function setsKey({ primaryColumns }: EntityMetadataShape, values: unknown): boolean {
  return primaryColumns.some(({ propertyName }) => Object.hasOwn(Object(values) as object, propertyName));
}
