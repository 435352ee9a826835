import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';
import { openMigrated, schema } from './data-source.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

Logger.overrideLogger(false);

describe('the embedded PostgreSQL', () => {
  let folder: string;
  let embedded: EmbeddedPostgres;
  let dataSource: DataSource;

  async function open(): Promise<void> {
    embedded = new EmbeddedPostgres();
    dataSource = await openMigrated({ ...schema, extra: await embedded.open(folder), poolSize: 1 });
  }

  async function close(): Promise<void> {
    await dataSource.destroy();
    await embedded.onApplicationShutdown();
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'storytime-'));
    await open();
    await dataSource.query('CREATE TABLE note (id text PRIMARY KEY)');
  }, 60_000);

  afterAll(async () => {
    await close();
    await rm(folder, { recursive: true });
  });

  const insert = (manager: EntityManager, id: string) => manager.query('INSERT INTO note (id) VALUES ($1)', [id]);
  const count = async (id: string): Promise<number> => {
    const [row] = await dataSource.query<{ count: number }[]>('SELECT count(*)::int FROM note WHERE id = $1', [id]);
    return row?.count ?? NaN;
  };

  it('keeps the rows of a transaction that commits while another one rolls back, and only those', async () => {
    const rolledBack = dataSource.transaction(async (manager) => {
      await insert(manager, 'A');
      await pause(50);
      throw new Error('rolled back on purpose');
    });
    const committed = dataSource.transaction((manager) => insert(manager, 'B'));

    const [first, second] = await Promise.allSettled([rolledBack, committed]);

    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
    expect({ A: await count('A'), B: await count('B') }).toEqual({ A: 0, B: 1 });
  });

  it('does not show a plain query the rows of a transaction that is still open', async () => {
    const open = dataSource.transaction(async (manager) => {
      await insert(manager, 'C');
      await pause(50);
      throw new Error('rolled back on purpose');
    });
    const seen = count('C');

    await expect(open).rejects.toThrow('rolled back on purpose');
    expect(await seen).toBe(0);
  });

  it('serves on after a query that failed inside a transaction', async () => {
    const failing = dataSource.transaction(async (manager) => {
      await insert(manager, 'D');
      await insert(manager, 'D');
    });

    await expect(failing).rejects.toThrow(/duplicate key/);
    expect(await count('D')).toBe(0);
  });

  it('refuses a folder that is open already', async () => {
    await expect(new EmbeddedPostgres().open(folder)).rejects.toThrow(
      `Another storytime uses the data folder ${folder}. Stop it, or set STORYTIME_DATA_DIR or DATABASE_URL.`,
    );
  });

  it('refuses a folder that cannot be created', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');

    await expect(new EmbeddedPostgres().open(join(file, 'data'))).rejects.toThrow(/^Cannot create the data folder/);
  });

  it('has what it had when it is opened again, and does not bring back a seeded row that was deleted', async () => {
    await dataSource.query("DELETE FROM hero WHERE id = 'pip'");

    await close();
    await open();

    const heroes = await dataSource.query<{ id: string }[]>("SELECT id FROM hero WHERE id IN ('luna', 'pip')");
    expect(heroes).toEqual([{ id: 'luna' }]);
    expect(await count('B')).toBe(1);
  }, 60_000);

  it('gives up its tables when the migrations are undone, and has them again when they run again', async () => {
    for (const _ of schema.migrations) await dataSource.undoLastMigration();
    await expect(dataSource.query('SELECT FROM hero')).rejects.toThrow(/does not exist/);

    await dataSource.runMigrations();
    expect(await dataSource.query("SELECT id FROM hero WHERE id = 'pip'")).toEqual([{ id: 'pip' }]);
  });
});
