import { wrapMethod } from '../wrap-method.js';
import type { TrackedEntity, TrackedTables } from './tracked-tables.js';
import type { TransactionJournal } from './transaction-journal.js';
import type { DataSourceShape, QueryRunnerShape } from './typeorm-shapes.js';

/** What changes rows; `FOR UPDATE` only locks them. */
const WRITE = /\b(insert|(?<!\bfor (no key )?)update|delete|truncate|merge|replace|copy)\b/i;

/**
 * Notes the SQL that an application sends itself, by `query` of a data source, a manager or a repository. It is not
 * understood: where it writes and names a table, everything that depends on that table is taken for changed.
 *
 * @returns the function that ends it
 */
export function observeRawWrites(
  dataSource: DataSourceShape,
  tables: TrackedTables,
  journal: TransactionJournal,
): () => void {
  return wrapMethod(dataSource, 'query', async (args, proceed) => {
    const [sql, , connection] = args as [unknown, unknown, QueryRunnerShape | undefined];
    const result = await proceed();
    for (const { listener } of entitiesIn(String(sql), dataSource, tables)) {
      await journal.record(connection, { listener, change: 'everything' });
    }
    return result;
  });
}

function entitiesIn(sql: string, dataSource: DataSourceShape, tables: TrackedTables): ReadonlySet<TrackedEntity> {
  if (!WRITE.test(sql)) return new Set();
  const words = new Set(wordsOf(sql));
  // A name in quotes can be several words.
  const named = dataSource.entityMetadatas.filter(({ tableName }) =>
    wordsOf(tableName).every((word) => words.has(word)),
  );
  return new Set(
    named.flatMap((table) => [...tables.in(table), ...tables.joinedBy(table), ...tables.changedByRemoval(table)]),
  );
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_$]+/gu) ?? [];
}
