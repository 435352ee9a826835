import { existsSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort, MissingServerError, PostgresServer } from '@nest-strata/testing';
import pg from 'pg';

const originalDatabaseUrl = process.env['DATABASE_URL'];

afterEach(() => {
  if (originalDatabaseUrl === undefined) delete process.env['DATABASE_URL'];
  else process.env['DATABASE_URL'] = originalDatabaseUrl;
});

async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>({ text: statement });
    return rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}

function databasesOf(url: string): Promise<unknown[]> {
  return query(url, 'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY 1');
}

describe('a server of its own', () => {
  it('is empty, takes statements, and leaves nothing behind', async () => {
    delete process.env['DATABASE_URL'];
    const server = await PostgresServer.start();
    expect(server.url).toMatch(/^postgres:[/][/]postgres@127\.0\.0\.1:\d+[/]postgres$/);
    await query(server.url, 'CREATE TABLE hero (name text)');
    expect(await query(server.url, "INSERT INTO hero VALUES ('Ada'), ('大小') RETURNING name")).toEqual([
      'Ada',
      '大小',
    ]);
    expect(await query(server.url, 'SHOW fsync')).toEqual(['off']);
    expect(await query(server.url, 'SHOW listen_addresses')).toEqual(['127.0.0.1']);
    const [folder] = await query(server.url, 'SHOW data_directory');
    expect(existsSync(String(folder))).toBe(true);

    await server.stop();
    await server.stop();
    expect(existsSync(String(folder))).toBe(false);
    await expect(query(server.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  it('makes databases that know nothing of each other', async () => {
    delete process.env['DATABASE_URL'];
    await using server = await PostgresServer.start();
    const [one, two] = [await server.createDatabase('one'), await server.createDatabase('both')];
    await query(one, 'CREATE TABLE hero (name text)');
    await expect(query(two, 'SELECT * FROM hero')).rejects.toThrow('does not exist');
    expect(await databasesOf(server.url)).toEqual(['both', 'one', 'postgres']);
    await expect(server.createDatabase('one')).rejects.toThrow('database "one" already exists');
    for (const name of ['', 'One', '1', 'a-b', 'a"b', 'a'.repeat(25)]) {
      await expect(server.createDatabase(name)).rejects.toThrow(RangeError);
    }
  });
});

describe('the server of DATABASE_URL', () => {
  it('lends databases of our own, which are dropped in the end, even in use', async () => {
    delete process.env['DATABASE_URL'];
    await using shared = await PostgresServer.start();
    process.env['DATABASE_URL'] = shared.url;
    const [first, second] = await Promise.all([PostgresServer.start(), PostgresServer.start()]);
    expect(new URL(first.url).host).toBe(new URL(shared.url).host);
    await query(first.url, 'CREATE TABLE hero (name text)');
    await expect(query(second.url, 'SELECT * FROM hero')).rejects.toThrow('does not exist');
    const extra = [await first.createDatabase('extra'), await second.createDatabase('extra')];
    expect(new Set(extra).size).toBe(2);
    expect(await databasesOf(shared.url)).toHaveLength(5);

    const idle = new pg.Client({ connectionString: first.url });
    idle.on('error', () => undefined);
    await idle.connect();
    await first.stop();
    await first.stop();
    await second.stop();
    expect(await databasesOf(shared.url)).toEqual(['postgres']);
  });

  it('is told by its host alone when it cannot be reached', async () => {
    const port = await freePort();
    process.env['DATABASE_URL'] = `postgres://me:secret@127.0.0.1:${port}/app`;
    const start = PostgresServer.start();
    await expect(start).rejects.toThrow(MissingServerError);
    await expect(start).rejects.toThrow(
      `The PostgreSQL server at 127.0.0.1:${port} did not do as asked: connect ECONNREFUSED`,
    );
    await expect(start).rejects.not.toThrow('secret');
  });

  it.each(['mysql://me:secret@host/app', 'host=localhost password=secret', 'postgres://me:secret@[host/app'])(
    'is refused when it is %p, without being quoted',
    async (url) => {
      process.env['DATABASE_URL'] = url;
      const start = PostgresServer.start();
      await expect(start).rejects.toThrow(
        'DATABASE_URL is no URL of a PostgreSQL server. Write one like postgres://user:password@host:5432/postgres',
      );
      await expect(start).rejects.not.toThrow('secret');
    },
  );
});
