/** Whatever runs SQL for PostgreSQL with `$1` for parameters; `Client` and `Pool` of pg do as they are. */
export interface SqlClient {
  query(sql: string, params: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** One connection, on loan. */
export interface SqlConnection extends SqlClient {
  /** Gives it back. */
  release(): unknown;
}

/** Where connections come from; `Pool` of pg is one as it is. */
export interface SqlPool {
  connect(): Promise<SqlConnection>;
}

/** Runs `work` with a connection of its own. */
export async function withConnection<T>(pool: SqlPool, work: (connection: SqlConnection) => Promise<T>): Promise<T> {
  const connection = await pool.connect();
  try {
    return await work(connection);
  } finally {
    await connection.release();
  }
}

/** Runs `work` in a transaction, which is rolled back when it throws. */
export async function inTransaction<T>(connection: SqlClient, work: () => Promise<T>): Promise<T> {
  // Whatever the default of the database is: a stricter level would fail where others work on the same rows.
  await connection.query('BEGIN ISOLATION LEVEL READ COMMITTED', []);
  try {
    const result = await work();
    await connection.query('COMMIT', []);
    return result;
  } catch (error) {
    // Where this fails too, the connection is lost and so is the transaction; the first error says why.
    await connection.query('ROLLBACK', []).catch(() => undefined);
    throw error;
  }
}
