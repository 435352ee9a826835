import type { CacheStrategy } from '../cache-strategy.js';
import { idText, isSimpleId } from '../key-part.js';
import type { EntityId } from '../key-part.js';
import { RowSource } from '../row-source.port.js';
import { readRows } from './row-reader.js';
import type { DataSourceShape, EntityMetadataShape } from './typeorm-shapes.js';

/** Reads rows by their primary key. */
export class TypeOrmRows<E extends object, Id extends EntityId> extends RowSource<E, Id> {
  constructor(
    private readonly dataSource: DataSourceShape,
    private readonly metadata: EntityMetadataShape,
    private readonly strategy: CacheStrategy<E, Id>,
  ) {
    super();
  }

  override async load(ids: readonly Id[]): Promise<readonly E[] | undefined> {
    if (this.strategy.loadCurrent !== undefined) return this.strategy.loadCurrent(ids);
    // The parts of a key are in the order of the strategy; TypeORM knows them by name.
    if (this.metadata.primaryColumns.length > 1 || !ids.every(isSimpleId)) return undefined;
    const rows = (await readRows(this.dataSource.manager, this.metadata, ids)) as E[] | undefined;
    const asked = new Set(ids.map(idText));
    const isByKey = rows?.every((row) => asked.has(idText(this.strategy.id(row) ?? '')));
    return isByKey === true ? rows : undefined;
  }
}
