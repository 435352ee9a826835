import { encodeTargets } from './evict-intent.js';
import type { EvictIntent } from './evict-intent.js';
import { OutboxTableError } from './outbox-table.error.js';
import type { SqlClient } from './sql-pool.port.js';
import { quoteTableName } from './table-name.js';

/** After so many failures of its own a row is left alone; the last attempt is made when it is 128 graces old. */
const MAX_ATTEMPTS = 8;

/** Too young or set aside: neither is for the relay. Each failure doubles the age from which a row is due. */
const IS_DUE = `namespace = $1 AND attempts < ${MAX_ATTEMPTS}
  AND created_at <= clock_timestamp() - CASE attempts WHEN 0 THEN $2 ELSE $3 * power(2, attempts) END * interval '1 millisecond'`;

/** How old a row must be for the relay. */
export interface OutboxGrace {
  /** One that was never tried. */
  readonly untriedMs: number;
  /** One that was: doubled with each failure. */
  readonly triedMs: number;
}

/** An evict that was left behind. */
export interface OutboxRow {
  readonly id: string;
  readonly cache: string | null;
  readonly kind: string;
  /** JSON, as text. */
  readonly targets: string;
  readonly attempts: number;
}

/** A row that could not be carried out, for a reason of its own. */
export interface FailedRow {
  readonly id: string;
  readonly error: string;
}

/** The SQL of the outbox. The rows of one namespace are all that it sees of a table that applications may share. */
export class OutboxTable {
  readonly #name: string;

  /** @param table passes {@link isTableName} */
  constructor(
    private readonly table: string,
    private readonly namespace: string,
  ) {
    this.#name = quoteTableName(table);
  }

  /** The table as it has to be, in SQL. */
  get createTableSql(): string {
    return `CREATE TABLE IF NOT EXISTS ${this.#name} (
  id bigint GENERATED ALWAYS AS IDENTITY,
  namespace text NOT NULL,
  cache text,
  kind text NOT NULL,
  targets json NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  error text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (namespace, id)
)`;
  }

  /**
   * Creates the table unless it is there.
   *
   * @throws OutboxTableError
   */
  async ensure(client: SqlClient): Promise<void> {
    if ((await this.#flaw(client)) === undefined) return;
    const created = await attempt(() => client.query(this.createTableSql, []));
    // Another process may have been quicker, which also fails the creation.
    const flaw = await this.#flaw(client);
    if (flaw !== undefined) throw new OutboxTableError(this.table, this.createTableSql, created ?? flaw);
  }

  /** Writes rows; returns their ids. */
  async insert(client: SqlClient, intents: readonly EvictIntent[]): Promise<string[]> {
    const { rows } = await client.query(
      `INSERT INTO ${this.#name} (namespace, cache, kind, targets)
SELECT $1, cache, kind, targets::json FROM unnest($2::text[], $3::text[], $4::text[]) AS evict (cache, kind, targets)
RETURNING id::text AS id`,
      [
        this.namespace,
        intents.map(({ cache }) => cache),
        intents.map(({ kind }) => kind),
        intents.map(({ targets }) => encodeTargets(targets)),
      ],
    );
    return (rows as readonly { id: string }[]).map(({ id }) => id);
  }

  async delete(client: SqlClient, ids: readonly string[]): Promise<void> {
    await client.query(`DELETE FROM ${this.#name} WHERE namespace = $1 AND id = ANY($2::bigint[])`, [
      this.namespace,
      ids,
    ]);
  }

  /** Whether there is a row for the relay; a row that another process works on counts. */
  async hasDue(client: SqlClient, { untriedMs, triedMs }: OutboxGrace): Promise<boolean> {
    const { rows } = await client.query(`SELECT 1 FROM ${this.#name} WHERE ${IS_DUE} LIMIT 1`, [
      this.namespace,
      untriedMs,
      triedMs,
    ]);
    return rows.length > 0;
  }

  /** Rows for the relay, oldest first, that no other process works on; they are locked until the transaction ends. */
  async claim(
    client: SqlClient,
    { grace, afterId, limit }: { readonly grace: OutboxGrace; readonly afterId: string; readonly limit: number },
  ): Promise<readonly OutboxRow[]> {
    const { rows } = await client.query(
      `SELECT id::text AS id, cache, kind, targets::text AS targets, attempts FROM ${this.#name} AS evict
WHERE ${IS_DUE} AND evict.id > $4::bigint ORDER BY evict.id LIMIT $5 FOR UPDATE SKIP LOCKED`,
      [this.namespace, grace.untriedMs, grace.triedMs, afterId, limit],
    );
    return rows as readonly OutboxRow[];
  }

  /** Notes why rows could not be carried out, and makes them wait longer. */
  async postpone(client: SqlClient, failures: readonly FailedRow[]): Promise<void> {
    await client.query(
      `UPDATE ${this.#name} AS evict SET attempts = attempts + 1, error = failed.error
FROM unnest($2::bigint[], $3::text[]) AS failed (id, error) WHERE evict.namespace = $1 AND evict.id = failed.id`,
      [this.namespace, failures.map(({ id }) => id), failures.map(({ error }) => error)],
    );
  }

  /** What keeps the table from being used; `undefined` when nothing does. */
  #flaw(client: SqlClient): Promise<unknown> {
    const columns = 'id, namespace, cache, kind, targets, attempts, error, created_at';
    return attempt(() => client.query(`SELECT ${columns} FROM ${this.#name} LIMIT 0`, []));
  }
}

/** Whether a failure more sets the row aside. */
export function isLastAttempt({ attempts }: OutboxRow): boolean {
  return attempts + 1 >= MAX_ATTEMPTS;
}

/** What `work` throws; `undefined` when it goes well. */
async function attempt(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error;
  }
}
