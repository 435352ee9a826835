import { describe, expect, it, jest } from '@jest/globals';
import { TypeOrmPool } from './typeorm.pool.js';

describe('TypeOrmPool', () => {
  const query = jest.fn(async (sql: string) => (sql.startsWith('SELECT') ? { records: [{ one: 1 }] } : {}));
  const release = jest.fn(async () => undefined);
  const createQueryRunner = jest.fn(() => ({ query, release }));

  it('lends connections to the server that is written to, never to a replica', async () => {
    const connection = await new TypeOrmPool({ createQueryRunner }).connect();
    expect(createQueryRunner.mock.calls).toEqual([['master']]);
    await connection.release();

    expect(release).toHaveBeenCalledTimes(1);
  });

  it('gives the rows of a statement, none of one that has none', async () => {
    const connection = await new TypeOrmPool({ createQueryRunner }).connect();

    expect(await connection.query('SELECT 1', [5])).toEqual({ rows: [{ one: 1 }] });
    expect(await connection.query('COMMIT', [])).toEqual({ rows: [] });
    expect(query.mock.calls[0]).toEqual(['SELECT 1', [5], true]);
  });
});
