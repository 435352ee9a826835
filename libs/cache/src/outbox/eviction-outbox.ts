import { Logger } from '@nestjs/common';
import type { Clock } from '@nest-strata/core';
import { carryOut } from './evict-intent.js';
import type { EvictableCache, EvictIntent } from './evict-intent.js';
import { isLastAttempt } from './outbox-table.js';
import type { FailedRow, OutboxGrace, OutboxRow, OutboxTable } from './outbox-table.js';
import { SettledRows } from './settled-rows.js';
import { inTransaction, withConnection } from './sql-pool.port.js';
import type { SqlClient, SqlPool } from './sql-pool.port.js';

/** How old a row is before the relay takes it: until then the process that wrote it is busy evicting. */
const GRACE_MS = 2_000;
/** How many rows are locked at a time, for no longer than the deadline of Redis. */
const BATCH_SIZE = 100;
const MAX_ERROR_LENGTH = 500;
/** What PostgreSQL says in a transaction that an error has ended, and that COMMIT will roll back. */
const IN_FAILED_TRANSACTION = '25P02';

/** What an {@link EvictionOutbox} works with. */
export interface EvictionOutboxParts {
  readonly pool: SqlPool;
  readonly table: OutboxTable;
  readonly clock: Clock;
  /** The cache of that name, or the application's own. */
  readonly findCache: (name: string | undefined) => EvictableCache | undefined;
  /** Rejects while Redis cannot be asked. */
  readonly probe: () => Promise<unknown>;
  readonly graceMs?: number;
  readonly batchSize?: number;
}

/** Evicts that a transaction has written down. */
export interface RecordedEvicts {
  /** The transaction is committed, and Redis has confirmed all of them: nobody need remember them. */
  settle(): void;
}

const NOTHING_RECORDED: RecordedEvicts = { settle: () => undefined };

/** What became of the rows that a drain found. */
export interface DrainReport {
  /** Confirmed by Redis, and deleted. */
  readonly evicted: number;
  /** Not confirmed: they wait for the next drain. */
  readonly unconfirmed: number;
  /** Not carried out for a reason of their own: they wait longer, or are set aside. */
  readonly failed: number;
}

/**
 * Evicts that are kept in the database from the transaction that makes them necessary until Redis has confirmed them.
 *
 * Each is carried out at least once. Usually the process that wrote it does so right after the commit; what it leaves
 * behind, because it dies or Redis is away, a drain of any process finds.
 */
export class EvictionOutbox {
  readonly #logger = new Logger(EvictionOutbox.name);
  readonly #settled: SettledRows;
  readonly #graceMs: number;
  readonly #batchSize: number;
  /** Where the next drain goes on, so that rows which cannot be confirmed keep nobody waiting behind them. */
  #afterId = '0';

  constructor(private readonly parts: EvictionOutboxParts) {
    const { pool, table, clock, graceMs = GRACE_MS, batchSize = BATCH_SIZE } = parts;
    this.#graceMs = graceMs;
    this.#batchSize = batchSize;
    this.#settled = new SettledRows(clock, (ids) =>
      withConnection(pool, (connection) => table.delete(connection, ids)),
    );
  }

  /**
   * Creates the table unless it is there.
   *
   * @throws OutboxTableError
   */
  prepare(): Promise<void> {
    return withConnection(this.parts.pool, (connection) => this.parts.table.ensure(connection));
  }

  /**
   * Writes evicts down in a transaction: they are as good as what else it does. Rejects with what the database says,
   * which ends the transaction.
   *
   * @param transaction the connection in which it is open
   */
  async record(transaction: SqlClient, intents: readonly EvictIntent[]): Promise<RecordedEvicts> {
    const meant = intents.filter(({ kind, targets }) => kind === 'clear' || targets.length > 0);
    if (meant.length === 0) return NOTHING_RECORDED;
    try {
      const ids = await this.parts.table.insert(transaction, meant);
      return { settle: () => this.#settled.add(ids) };
    } catch (error) {
      if ((error as { code?: unknown }).code !== IN_FAILED_TRANSACTION) throw error;
      return NOTHING_RECORDED;
    }
  }

  /**
   * Carries out what was left behind, beside other processes that do so.
   *
   * @param graceMs how old a row must be that was never tried; the others wait as long as ever
   * @throws what the database throws
   */
  async drain(graceMs = this.#graceMs): Promise<DrainReport> {
    const { pool, table, probe } = this.parts;
    const grace = { untriedMs: graceMs, triedMs: this.#graceMs };
    return withConnection(pool, async (connection) => {
      const report = { evicted: 0, unconfirmed: 0, failed: 0 };
      if (!(await table.hasDue(connection, grace)) || !(await succeeds(probe))) return report;
      let isMore: boolean;
      do {
        const { evicted, unconfirmed, failed } = await this.#drainBatch(connection, grace);
        report.evicted += evicted;
        report.unconfirmed += unconfirmed;
        report.failed += failed;
        // With Redis away there is no use in going on.
        isMore = this.#afterId !== '0' && unconfirmed < this.#batchSize;
      } while (isMore);
      return report;
    });
  }

  /** Deletes at once the rows of evicts that are confirmed. */
  flush(): Promise<void> {
    return this.#settled.flush();
  }

  #drainBatch(connection: SqlClient, grace: OutboxGrace): Promise<DrainReport> {
    const { table } = this.parts;
    const limit = this.#batchSize;
    return inTransaction(connection, async () => {
      const rows = await table.claim(connection, { grace, afterId: this.#afterId, limit });
      this.#afterId = (rows.length === limit && rows.at(-1)?.id) || '0';
      const evicted: string[] = [];
      const failures: FailedRow[] = [];
      await Promise.all(
        rows.map(async (row) => {
          try {
            if (await this.#carryOut(row)) evicted.push(row.id);
          } catch (error) {
            failures.push(this.#failureOf(row, error));
          }
        }),
      );
      if (evicted.length > 0) await table.delete(connection, evicted);
      if (failures.length > 0) await table.postpone(connection, failures);
      const unconfirmed = rows.length - evicted.length - failures.length;
      return { evicted: evicted.length, unconfirmed, failed: failures.length };
    });
  }

  async #carryOut({ cache: name, kind, targets }: OutboxRow): Promise<boolean> {
    const cache = this.parts.findCache(name ?? undefined);
    if (cache === undefined) throw new RangeError(`this application has no cache ${JSON.stringify(name)}`);
    return carryOut(cache, kind, targets);
  }

  #failureOf(row: OutboxRow, error: unknown): FailedRow {
    // The error can name a key, which is not for the log.
    if (isLastAttempt(row)) {
      this.#logger.error('an evict cannot be carried out; it is set aside in the outbox, where its row says why', {
        id: row.id,
      });
    }
    const message = error instanceof Error ? error.message : String(error);
    // In ASCII: whatever the encoding of the database is, this statement is not to fail as well.
    return { id: row.id, error: message.slice(0, MAX_ERROR_LENGTH).replace(/[^\x20-\x7e]/g, '?') };
  }
}

async function succeeds(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}
