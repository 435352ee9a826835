import type { EntityManagerShape, EntityMetadataShape, SelectQueryShape } from './typeorm-shapes.js';

/** More rows than this are not read: a write of so many invalidates everything. */
export const MAX_ROWS = 500;

/** The locks that keep a row as it is until the end of the transaction, by the type of the driver; others have none. */
const LOCKS: Readonly<Record<string, string>> = {
  // Unlike FOR UPDATE it lets others refer to the row, as the UPDATE that follows does.
  postgres: 'for_no_key_update',
  'aurora-postgres': 'for_no_key_update',
  cockroachdb: 'pessimistic_write',
  mysql: 'pessimistic_write',
  mariadb: 'pessimistic_write',
  'aurora-mysql': 'pessimistic_write',
  oracle: 'pessimistic_write',
  sap: 'pessimistic_write',
  mssql: 'pessimistic_write',
};

const ROW = 'row';

/** Which rows: those with certain ids, or those that criteria of TypeORM choose. */
export type RowChoice = { readonly ids: readonly unknown[] } | { readonly criteria: unknown };

/**
 * The rows of a table as the transaction of `manager` sees them, soft-deleted ones and eager relations included.
 * `undefined`: there are more than {@link MAX_ROWS}.
 */
export async function readRows(
  manager: EntityManagerShape,
  metadata: EntityMetadataShape,
  choice: RowChoice,
): Promise<object[] | undefined> {
  if ('ids' in choice && choice.ids.length > MAX_ROWS) return undefined;
  const query = select(manager, metadata, choice).setFindOptions({ withDeleted: true, loadEagerRelations: true });
  return bounded(await query.getMany());
}

/**
 * The same, with the rows locked until the end of the transaction, in the order of their keys: whoever else would change
 * them waits, or has finished. Where the database has no such lock, the rows are only read.
 */
export async function lockRows(
  manager: EntityManagerShape,
  metadata: EntityMetadataShape,
  choice: RowChoice,
): Promise<object[] | undefined> {
  if ('ids' in choice && choice.ids.length > MAX_ROWS) return undefined;
  const query = select(manager, metadata, choice)
    .withDeleted()
    .limit(MAX_ROWS + 1);
  for (const { propertyPath } of metadata.primaryColumns) query.addOrderBy(`${ROW}.${propertyPath}`);
  const lock = LOCKS[manager.dataSource.driver.options.type];
  if (lock !== undefined && manager.queryRunner?.isTransactionActive === true) query.setLock(lock);
  const rows = bounded(await query.getMany());
  // A lock does not go together with the joins of eager relations.
  const isComplete = rows === undefined || rows.length === 0 || metadata.eagerRelations.length === 0;
  if (isComplete) return rows;
  return readRows(manager, metadata, { ids: rows.map((row) => metadata.getEntityIdMap(row)) });
}

function select(manager: EntityManagerShape, metadata: EntityMetadataShape, choice: RowChoice): SelectQueryShape {
  const query = manager.createQueryBuilder(metadata.target, ROW);
  if ('ids' in choice) return query.whereInIds(choice.ids);
  return isIds(choice.criteria) ? query.whereInIds(choice.criteria) : query.where(choice.criteria);
}

/** TypeORM takes a simple value, or a list of them, for ids. */
function isIds(criteria: unknown): boolean {
  const values: readonly unknown[] = Array.isArray(criteria) ? criteria : [criteria];
  return values.every((value) => typeof value !== 'object' || value instanceof Date);
}

function bounded(rows: object[]): object[] | undefined {
  return rows.length > MAX_ROWS ? undefined : rows;
}
