import type { EntityManagerShape, EntityMetadataShape, SelectQueryShape } from './typeorm-shapes.js';

/** More rows than this are not read: a write of so many invalidates everything. */
const MAX_ROWS = 500;

/**
 * The locks that keep a row as it is until the end of the transaction, by the type of the driver. With other drivers the
 * rows are read without one: not all have a lock, and not all let it go with an order.
 */
const LOCKS: Readonly<Record<string, string>> = {
  // Unlike FOR UPDATE it lets others refer to the row, as the UPDATE that follows does.
  postgres: 'for_no_key_update',
  'aurora-postgres': 'for_no_key_update',
  cockroachdb: 'pessimistic_write',
  mysql: 'pessimistic_write',
  mariadb: 'pessimistic_write',
  'aurora-mysql': 'pessimistic_write',
};

const ROW = 'row';

/** Which rows: those with certain ids, or those that criteria of TypeORM choose. */
export type RowChoice = { readonly ids: readonly unknown[] } | { readonly criteria: unknown };

/**
 * The rows with these ids as the transaction of `manager` sees them, soft-deleted ones and eager relations included.
 * `undefined`: they are more than {@link MAX_ROWS}.
 */
export async function readRows(
  manager: EntityManagerShape,
  metadata: EntityMetadataShape,
  ids: readonly unknown[],
): Promise<object[] | undefined> {
  if (ids.length > MAX_ROWS) return undefined;
  if (ids.length === 0) return [];
  return select(manager, metadata, { ids }).setFindOptions({ withDeleted: true, loadEagerRelations: true }).getMany();
}

/**
 * The rows of a choice, locked until the end of the transaction in the order of their keys: whoever else would change
 * them waits, or has finished; with some drivers only read: see {@link LOCKS}. Of rows by criteria, there
 * are {@link MAX_ROWS} at most; `undefined`: there are more ids than that.
 */
export async function lockRows(
  manager: EntityManagerShape,
  metadata: EntityMetadataShape,
  choice: RowChoice,
): Promise<object[] | undefined> {
  if ('ids' in choice && choice.ids.length > MAX_ROWS) return undefined;
  const query = select(manager, metadata, choice).withDeleted().limit(MAX_ROWS);
  for (const { propertyPath } of metadata.primaryColumns) query.addOrderBy(`${ROW}.${propertyPath}`);
  const lock = LOCKS[manager.dataSource.driver.options.type];
  if (lock !== undefined) query.setLock(lock);
  const rows = await query.getMany();
  // A lock does not go together with the joins of eager relations.
  if (metadata.eagerRelations.length === 0) return rows;
  return readRows(
    manager,
    metadata,
    rows.map((row) => metadata.getEntityIdMap(row)),
  );
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
