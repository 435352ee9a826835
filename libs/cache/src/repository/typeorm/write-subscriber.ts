import { lockRows, readRows } from './row-reader.js';
import { SameTick } from './same-tick.js';
import type { TrackedEntity, TrackedTables } from './tracked-tables.js';
import type { RecordedChange, TransactionJournal } from './transaction-journal.js';
import type { QueryRunnerShape } from './typeorm-shapes.js';
import { idOfChanged, idOfInserted } from './write-events.js';
import type { QueryEvent, TransactionEvent, WriteEvent } from './write-events.js';

/** A row of a tracked entity that a write is about. */
interface TrackedRow {
  readonly entity: TrackedEntity;
  readonly id: unknown;
  /** The row as TypeORM had read it. */
  readonly former: object | undefined;
}

/**
 * The subscriber of TypeORM that notes what writes change, whoever makes them: repositories, managers, cascades, query
 * builders, inside of transactions and outside.
 *
 * The rows are read in the transaction that writes them, under a lock before the write and again after it: neither the
 * entity that is saved nor the row that TypeORM has read must be what is in the database.
 */
export class WriteSubscriber {
  readonly #before = new SameTick<QueryRunnerShape, TrackedRow>((connection, rows) =>
    this.#note(connection, rows, lockById),
  );
  readonly #after = new SameTick<QueryRunnerShape, TrackedRow>((connection, rows) =>
    this.#note(connection, rows, readRows),
  );

  constructor(
    private readonly tables: TrackedTables,
    private readonly journal: TransactionJournal,
    private readonly isCovered: () => boolean,
  ) {}

  beforeUpdate(event: WriteEvent): Promise<void> | undefined {
    return this.#beforeChange(event);
  }

  beforeRemove(event: WriteEvent): Promise<void> | undefined {
    return this.#beforeChange(event);
  }

  beforeSoftRemove(event: WriteEvent): Promise<void> | undefined {
    return this.#beforeChange(event);
  }

  beforeRecover(event: WriteEvent): Promise<void> | undefined {
    return this.#beforeChange(event);
  }

  afterInsert(event: WriteEvent): Promise<void> | undefined {
    return this.#afterChange(event, idOfInserted(event));
  }

  afterUpdate(event: WriteEvent): Promise<void> | undefined {
    return this.#afterChange(event, idOfChanged(event));
  }

  /** The row is gone; those that went with it are not known. */
  afterRemove(event: WriteEvent): Promise<void> | undefined {
    const { metadata, queryRunner, databaseEntity } = event;
    const own = this.tables.in(metadata);
    const others = [...this.tables.changedByRemoval(metadata), ...this.tables.joinedBy(metadata)];
    if (idOfChanged(event) === undefined) {
      return this.#record(queryRunner, this.isCovered() ? others : [...others, ...own], 'everything');
    }
    // In a transaction it was noted before it went.
    if (queryRunner.isTransactionActive) return this.#record(queryRunner, others, 'everything');
    const removed = databaseEntity ? { rows: [databaseEntity as never] } : 'everything';
    return both(this.#record(queryRunner, others, 'everything'), this.#record(queryRunner, own, removed));
  }

  afterSoftRemove(event: WriteEvent): Promise<void> | undefined {
    return this.#afterChange(event, idOfChanged(event));
  }

  afterRecover(event: WriteEvent): Promise<void> | undefined {
    return this.#afterChange(event, idOfChanged(event));
  }

  afterTransactionStart({ queryRunner }: TransactionEvent): void {
    this.journal.begin(queryRunner);
  }

  afterTransactionCommit({ queryRunner }: TransactionEvent): Promise<void> {
    return this.journal.commit(queryRunner);
  }

  afterTransactionRollback({ queryRunner }: TransactionEvent): void {
    this.journal.rollback(queryRunner);
  }

  /** The last moment in a transaction: other subscribers may still write when they hear of its end. */
  beforeQuery({ queryRunner, query }: Pick<QueryEvent, 'queryRunner' | 'query'>): Promise<void> | undefined {
    return query === 'COMMIT' ? this.journal.prepare(queryRunner) : undefined;
  }

  /** A COMMIT that fails may have been carried out: the answer can be what was lost. */
  afterQuery({ queryRunner, query, success }: QueryEvent): Promise<void> | undefined {
    return !success && query.startsWith('COMMIT') ? this.journal.doubt(queryRunner) : undefined;
  }

  /** Outside of a transaction there is no lock, and what is changed is noted when it is. */
  #beforeChange(event: WriteEvent): Promise<void> | undefined {
    return event.queryRunner.isTransactionActive ? this.#addTo(this.#before, event, idOfChanged(event)) : undefined;
  }

  #afterChange(event: WriteEvent, id: unknown): Promise<void> | undefined {
    const { metadata, queryRunner } = event;
    const isKnown = id !== undefined || this.isCovered();
    const joined = this.tables.joinedBy(metadata);
    const changed = isKnown ? joined : [...joined, ...this.tables.in(metadata)];
    return both(this.#record(queryRunner, changed, 'everything'), this.#addTo(this.#after, event, id));
  }

  #addTo(batch: SameTick<QueryRunnerShape, TrackedRow>, event: WriteEvent, id: unknown): Promise<void> | undefined {
    const entities = this.tables.in(event.metadata);
    if (entities.length === 0 || id === undefined) return undefined;
    const former = event.queryRunner.isTransactionActive ? undefined : event.databaseEntity;
    return Promise.all(entities.map((entity) => batch.add(event.queryRunner, { entity, id, former }))).then(
      () => undefined,
    );
  }

  async #note(connection: QueryRunnerShape, tracked: readonly TrackedRow[], read: typeof readRows): Promise<void> {
    for (const entity of new Set(tracked.map((row) => row.entity))) {
      const own = tracked.filter((row) => row.entity === entity);
      const rows = await read(
        connection.manager,
        entity.metadata,
        own.map(({ id }) => id),
      );
      const former = own.flatMap((row) => row.former ?? []);
      const change = rows === undefined ? 'everything' : { rows: [...former, ...rows] as never[] };
      await this.journal.record(connection, { listener: entity.listener, change });
    }
  }

  #record(
    connection: QueryRunnerShape,
    entities: readonly TrackedEntity[],
    change: RecordedChange['change'],
  ): Promise<void> | undefined {
    if (entities.length === 0) return undefined;
    const recorded = entities.map(({ listener }) => this.journal.record(connection, { listener, change }));
    return Promise.all(recorded).then(() => undefined);
  }
}

/** `undefined`, for which TypeORM need not wait, where there is neither. */
function both(one: Promise<void> | undefined, other: Promise<void> | undefined): Promise<void> | undefined {
  return one && other ? Promise.all([one, other]).then(() => undefined) : (one ?? other);
}

const lockById: typeof readRows = (manager, metadata, ids) => lockRows(manager, metadata, { ids });
