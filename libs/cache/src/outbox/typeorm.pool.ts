import type { SqlClient, SqlConnection, SqlPool } from './sql-pool.port.js';

/** What is used of a query runner of TypeORM 1, by shape. */
export interface QueryRunnerOnLoan {
  query(sql: string, params: unknown[], useStructuredResult: true): Promise<{ readonly records?: readonly unknown[] }>;
  release(): Promise<void>;
}

/** What is used of a data source of TypeORM 1, by shape. */
export interface QueryRunnerSource {
  createQueryRunner(mode: 'master'): QueryRunnerOnLoan;
}

/** The connections of a data source; where it has replicas, to the one that is written to. */
export class TypeOrmPool implements SqlPool {
  constructor(private readonly dataSource: QueryRunnerSource) {}

  async connect(): Promise<SqlConnection> {
    const runner = this.dataSource.createQueryRunner('master');
    return { ...sqlClientOf(runner), release: () => runner.release() };
  }
}

/** A query runner, with the transaction that is open in it. */
export function sqlClientOf(runner: Pick<QueryRunnerOnLoan, 'query'>): SqlClient {
  return {
    query: async (sql, params) => ({ rows: (await runner.query(sql, params, true)).records ?? [] }),
  };
}
