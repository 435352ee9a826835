import type { EntityMetadataShape, QueryRunnerShape } from './typeorm-shapes.js';

/** What TypeORM tells its subscribers of a write. */
export interface WriteEvent {
  readonly queryRunner: QueryRunnerShape;
  readonly metadata: EntityMetadataShape;
  /** The entity that is inserted; else what is written, be it an entity or the values of an update by criteria. */
  readonly entity?: object;
  /** The row as TypeORM has read it before; only of a write by entity. */
  readonly databaseEntity?: object;
  /** Of a removal whose row TypeORM did not read. */
  readonly entityId?: unknown;
}

export interface TransactionEvent {
  readonly queryRunner: QueryRunnerShape;
}

export interface QueryEvent extends TransactionEvent {
  readonly query: string;
  readonly success: boolean;
}

/** The primary key of an inserted row; `undefined` when TypeORM does not know it. */
export function idOfInserted({ metadata, entity }: WriteEvent): unknown {
  return metadata.getEntityIdMap(entity);
}

/** The primary key of the row that is changed or removed; `undefined` for a write by criteria. */
export function idOfChanged({ metadata, databaseEntity, entityId }: WriteEvent): unknown {
  return metadata.getEntityIdMap(databaseEntity) ?? entityId;
}
