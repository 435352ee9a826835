/**
 * What is used of TypeORM 1, by shape: nothing of TypeORM is imported, so that applications without it need not install
 * it, and two copies of it do not get in each other's way.
 */

import type { OutboxSource } from '../../outbox/eviction-outboxes.js';
import type { QueryRunnerOnLoan } from '../../outbox/typeorm.pool.js';

/** A column of an entity. */
interface ColumnShape {
  readonly propertyName: string;
  /** `row.id` of the query alias `row`. */
  readonly propertyPath: string;
}

export interface EntityMetadataShape {
  readonly target: unknown;
  readonly tableName: string;
  /** With its schema and database. */
  readonly tablePath: string;
  readonly primaryColumns: readonly ColumnShape[];
  readonly eagerRelations: readonly unknown[];
  readonly manyToManyRelations: readonly { readonly junctionEntityMetadata?: EntityMetadataShape }[];
  readonly foreignKeys: readonly ForeignKeyShape[];
  /** The values of the primary columns; `undefined` when one is missing. */
  getEntityIdMap(entity: object | undefined): object | undefined;
}

export interface ForeignKeyShape {
  readonly referencedEntityMetadata: EntityMetadataShape;
  readonly onDelete?: string;
}

export interface SelectQueryShape {
  setFindOptions(options: { withDeleted?: boolean; loadEagerRelations?: boolean }): this;
  where(criteria: unknown): this;
  whereInIds(ids: unknown): this;
  withDeleted(): this;
  orderBy(path: string): this;
  addOrderBy(path: string): this;
  limit(count: number): this;
  setLock(mode: string): this;
  getMany(): Promise<object[]>;
}

export interface EntityManagerShape {
  readonly dataSource: DataSourceShape;
  readonly queryRunner?: QueryRunnerShape;
  createQueryBuilder(target: unknown, alias: string): SelectQueryShape;
  transaction<T>(run: (manager: EntityManagerShape) => Promise<T>): Promise<T>;
}

/** One connection to the database. */
export interface QueryRunnerShape extends QueryRunnerOnLoan {
  readonly isTransactionActive: boolean;
  readonly manager: EntityManagerShape;
}

export interface DataSourceShape extends OutboxSource {
  readonly driver: OutboxSource['driver'] & { createQueryRunner(mode: 'master'): unknown };
  readonly manager: EntityManagerShape;
  readonly entityMetadatas: readonly EntityMetadataShape[];
  readonly subscribers: object[];
  hasMetadata(target: unknown): boolean;
  getMetadata(target: unknown): EntityMetadataShape;
  createEntityManager(queryRunner?: QueryRunnerShape): EntityManagerShape;
}

export interface TypeOrmRepositoryShape {
  readonly target: unknown;
  readonly manager: EntityManagerShape;
}

/** True for a `DataSource` of TypeORM. */
export function isDataSource(candidate: object): candidate is DataSourceShape {
  return hasMark(candidate, 'DataSource');
}

/** True for a `Repository` of TypeORM or of a class that extends it. */
export function isTypeOrmRepository(candidate: object): candidate is TypeOrmRepositoryShape {
  const { target, manager } = candidate as Partial<TypeOrmRepositoryShape>;
  return target !== undefined && typeof manager === 'object' && hasMark(manager, 'EntityManager');
}

/** The values of `In([…])`, and the function that makes another such operator; `undefined` for anything else. */
export function readInOperator(
  value: unknown,
): { readonly values: readonly unknown[]; readonly withValues: (values: readonly unknown[]) => object } | undefined {
  if (typeof value !== 'object' || value === null || !hasMark(value, 'FindOperator')) return undefined;
  const { type, value: values, constructor } = value as unknown as InOperator;
  if (type !== 'in' || !Array.isArray(values)) return undefined;
  return { values: values as unknown[], withValues: (others) => new constructor('in', others, true, true) };
}

interface InOperator {
  readonly type: string;
  readonly value: unknown;
  readonly constructor: new (
    type: string,
    value: unknown,
    useParameter: boolean,
    multipleParameters: boolean,
  ) => object;
}

/** TypeORM marks its objects, so that copies of it recognize each other's. */
function hasMark(candidate: object, name: string): boolean {
  try {
    return (candidate as Record<string, unknown>)['@instanceof'] === Symbol.for(name);
  } catch {
    // An object that minds being asked for a property it does not have is none of TypeORM's.
    return false;
  }
}
