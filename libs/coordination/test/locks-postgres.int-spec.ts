import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PostgresServer } from '@nest-strata/testing';
import pg from 'pg';
import { LockProcesses } from './locks-harness.js';
import type { LockProcess } from './locks-harness.js';

let postgres: PostgresServer;
let pool: pg.Pool;
let processes: LockProcesses;
let ada: LockProcess;
let bob: LockProcess;

beforeAll(async () => {
  [postgres, processes] = await Promise.all([PostgresServer.start(), LockProcesses.start()]);
  pool = new pg.Pool({ connectionString: postgres.url, max: 1 });
  pool.on('error', () => {}); // the server ends connections that are about to close
  [ada, bob] = [await processes.process(), await processes.process()];
});

afterAll(async () => {
  await pool.end();
  await Promise.all([postgres.stop(), processes[Symbol.asyncDispose]()]);
});

describe.each([
  ['a number', 'BIGINT NOT NULL DEFAULT 0', (fence: string) => BigInt(`0x${fence}`)],
  ['a text', `CHAR(16) COLLATE "C" NOT NULL DEFAULT ''`, (fence: string) => fence],
])('a row that remembers its fencing token as %s', (_what, column, toParameter) => {
  beforeEach(async () => {
    await pool.query('DROP TABLE IF EXISTS story');
    await pool.query(`CREATE TABLE story (child_id TEXT PRIMARY KEY, text TEXT, fence ${column})`);
    await pool.query(`INSERT INTO story (child_id, text) VALUES ('Ada', 'none')`);
  });

  async function write(text: string, fence: string): Promise<boolean> {
    const { rowCount } = await pool.query(
      'UPDATE story SET text = $1, fence = $2 WHERE child_id = $3 AND fence <= $2',
      [text, toParameter(fence), 'Ada'],
    );
    return rowCount === 1;
  }

  async function upsert(text: string, fence: string): Promise<boolean> {
    const { rowCount } = await pool.query(
      `INSERT INTO story (child_id, text, fence) VALUES ($3, $1, $2)
       ON CONFLICT (child_id) DO UPDATE SET text = excluded.text, fence = excluded.fence WHERE story.fence <= excluded.fence`,
      [text, toParameter(fence), 'Bob'],
    );
    return rowCount === 1;
  }

  it.each([
    ['updated', write],
    ['inserted or updated', upsert],
  ])('is %s by the latest holder of the lock, as often as that likes, and by no earlier one', async (_how, save) => {
    const first = await ada.locks.acquire('story', { ttl: '100ms', renew: false });
    expect(await save('first', first.fence)).toBe(true);
    expect(await save('first again', first.fence)).toBe(true);
    const second = await bob.locks.acquire('story', { wait: 'forever' });
    expect(await save('second', second.fence)).toBe(true);
    expect(await save('first, too late', first.fence)).toBe(false);
    expect(await save('second again', second.fence)).toBe(true);
    await second.release();
    const { rows } = await pool.query<{ text: string }>(`SELECT text FROM story WHERE text <> 'none'`);
    expect(rows.map(({ text }) => text)).toEqual(['second again']);
  });
});
