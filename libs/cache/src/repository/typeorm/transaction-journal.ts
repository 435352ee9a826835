import type { EntityChange } from '../entity-change.js';
import type { QueryRunnerShape } from './typeorm-shapes.js';

/** The cache in front of a repository, as far as writes concern it. */
export interface ChangeListener {
  changed(change: EntityChange<never, never>): Promise<unknown>;
}

/** A change and who is to hear of it. */
export interface RecordedChange {
  readonly listener: ChangeListener;
  readonly change: EntityChange<never, never>;
}

/** What was changed since the begin of a transaction, or of a savepoint in it. */
type Frame = RecordedChange[];

/**
 * Keeps what the transactions of a data source change until they commit. A rollback forgets it; the rollback to a
 * savepoint forgets what came after that.
 */
export class TransactionJournal {
  readonly #frames = new WeakMap<QueryRunnerShape, Frame[]>();

  /** A transaction, or a savepoint in one, has begun. */
  begin(connection: QueryRunnerShape): void {
    this.#framesOf(connection).push([]);
  }

  /** Notes a change; tells it at once where no transaction is open, as there is none without a connection. */
  async record(connection: QueryRunnerShape | undefined, recorded: RecordedChange): Promise<void> {
    if (connection?.isTransactionActive !== true) return tell([recorded]);
    const frames = this.#framesOf(connection);
    // The transaction may have begun before anyone listened.
    if (frames.length === 0) frames.push([]);
    frames.at(-1)?.push(recorded);
  }

  /** The transaction is committed, or the savepoint released: then its changes are those of what is around it. */
  async commit(connection: QueryRunnerShape): Promise<void> {
    const frames = this.#framesOf(connection);
    const changes = frames.pop() ?? [];
    if (!connection.isTransactionActive) return tell(changes);
    if (frames.length === 0) frames.push([]);
    frames.at(-1)?.push(...changes);
  }

  /** The transaction, or what came after the savepoint, is undone. */
  rollback(connection: QueryRunnerShape): void {
    this.#framesOf(connection).pop();
  }

  /** Nobody knows whether the transaction is committed: its changes are told, which is never wrong. */
  async doubt(connection: QueryRunnerShape): Promise<void> {
    await tell(this.#framesOf(connection).flat());
  }

  #framesOf(connection: QueryRunnerShape): Frame[] {
    let frames = this.#frames.get(connection);
    if (frames === undefined) this.#frames.set(connection, (frames = []));
    return frames;
  }
}

async function tell(changes: readonly RecordedChange[]): Promise<void> {
  const listeners = new Set(changes.map(({ listener }) => listener));
  await Promise.all(
    [...listeners].map((listener) =>
      listener.changed(merge(changes.filter((recorded) => recorded.listener === listener).map(({ change }) => change))),
    ),
  );
}

function merge(changes: readonly EntityChange<never, never>[]): EntityChange<never, never> {
  const rows: never[] = [];
  for (const change of changes) {
    if (change === 'everything') return 'everything';
    rows.push(...(change.rows ?? []));
  }
  return { rows };
}
