import type { EvictIntent } from '../../outbox/evict-intent.js';
import type { EvictionOutbox, RecordedEvicts } from '../../outbox/eviction-outbox.js';
import { sqlClientOf } from '../../outbox/typeorm.pool.js';
import type { EntityChange } from '../entity-change.js';
import { afterRelease } from './after-release.js';
import type { QueryRunnerShape } from './typeorm-shapes.js';

/** The cache in front of a repository, as far as writes concern it. */
export interface ChangeListener {
  changed(change: EntityChange<never, never>): Promise<{ readonly confirmed: boolean }>;
  /**
   * Hears of each change once more, when the connection that made it is given back: it may need one itself. Absent: it
   * does not. Never rejects.
   */
  readonly renew?: ((change: EntityChange<never, never>) => Promise<void>) | undefined;
  /** Where its evicts are kept until they are confirmed; absent: nowhere. */
  readonly durable?: DurableEvicts | undefined;
}

/** How the evicts of a listener are written down. */
export interface DurableEvicts {
  readonly outbox: Pick<EvictionOutbox, 'record'>;
  /** What `changed` is going to evict. */
  readonly intentOf: (change: EntityChange<never, never>) => EvictIntent;
  /** Hears of a change that no transaction makes, in which its evicts could be written down. */
  readonly missed: () => void;
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
  readonly #recorded = new WeakMap<QueryRunnerShape, readonly RecordedEvicts[]>();

  /** A transaction, or a savepoint in one, has begun. */
  begin(connection: QueryRunnerShape): void {
    this.#framesOf(connection).push([]);
  }

  /** Notes a change; tells it at once where no transaction is open, as there is none without a connection. */
  async record(connection: QueryRunnerShape | undefined, recorded: RecordedChange): Promise<void> {
    if (connection?.isTransactionActive !== true) {
      recorded.listener.durable?.missed();
      await tell([recorded], connection);
      return;
    }
    const frames = this.#framesOf(connection);
    // The transaction may have begun before anyone listened.
    if (frames.length === 0) frames.push([]);
    frames.at(-1)?.push(recorded);
  }

  /**
   * The transaction is about to be committed: its evicts are written down in it. Rejects with what the database says,
   * which ends the transaction.
   */
  async prepare(connection: QueryRunnerShape): Promise<void> {
    const changes = this.#framesOf(connection).flat();
    const intents = new Map<DurableEvicts['outbox'], EvictIntent[]>();
    for (const { listener, change } of byListener(changes.filter(({ listener }) => listener.durable))) {
      const { outbox, intentOf } = listener.durable as DurableEvicts;
      intents.set(outbox, [...(intents.get(outbox) ?? []), intentOf(change)]);
    }
    const recorded: RecordedEvicts[] = [];
    for (const [outbox, own] of intents) recorded.push(await outbox.record(sqlClientOf(connection), own));
    this.#recorded.set(connection, recorded);
  }

  /** The transaction is committed, or the savepoint released: then its changes are those of what is around it. */
  async commit(connection: QueryRunnerShape): Promise<void> {
    const frames = this.#framesOf(connection);
    const changes = frames.pop() ?? [];
    if (!connection.isTransactionActive) {
      const isConfirmed = await tell(changes, connection);
      if (isConfirmed) for (const evicts of this.#recorded.get(connection) ?? []) evicts.settle();
      return;
    }
    if (frames.length === 0) frames.push([]);
    frames.at(-1)?.push(...changes);
  }

  /** The transaction, or what came after the savepoint, is undone. */
  rollback(connection: QueryRunnerShape): void {
    this.#framesOf(connection).pop();
  }

  /**
   * Nobody knows whether the transaction is committed: its changes are told, which is never wrong. What is written down
   * stays so, as it may be committed later.
   */
  async doubt(connection: QueryRunnerShape): Promise<void> {
    await tell(this.#framesOf(connection).flat(), connection);
  }

  #framesOf(connection: QueryRunnerShape): Frame[] {
    let frames = this.#frames.get(connection);
    if (frames === undefined) this.#frames.set(connection, (frames = []));
    return frames;
  }
}

/** @returns whether all evicts are confirmed */
async function tell(changes: readonly RecordedChange[], connection: QueryRunnerShape | undefined): Promise<boolean> {
  const merged = byListener(changes);
  const outcomes = await Promise.all(merged.map(({ listener, change }) => listener.changed(change)));
  for (const { listener, change } of merged) {
    const { renew } = listener;
    if (renew === undefined) continue;
    if (connection === undefined) await renew(change);
    else await afterRelease(connection, () => renew(change));
  }
  return outcomes.every(({ confirmed }) => confirmed);
}

/** The changes, as one for each listener. */
function byListener(changes: readonly RecordedChange[]): RecordedChange[] {
  const listeners = new Set(changes.map(({ listener }) => listener));
  return [...listeners].map((listener) => ({
    listener,
    change: merge(changes.filter((recorded) => recorded.listener === listener).map(({ change }) => change)),
  }));
}

function merge(changes: readonly EntityChange<never, never>[]): EntityChange<never, never> {
  const rows: never[] = [];
  for (const change of changes) {
    if (change === 'everything') return 'everything';
    rows.push(...(change.rows ?? []));
  }
  return { rows };
}
