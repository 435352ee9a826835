import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheModule } from '@nest-strata/cache';
import { DataSource } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { HeroDatabase } from './support/heroes/hero-database.js';
import { HeroRowRepository } from './support/heroes/hero-row.repository.js';
import { HeroRowStrategy } from './support/heroes/hero-row.strategy.js';
import { HeroRow, StoryRow, TopicRow } from './support/heroes/hero.table.js';

class ThroughStrategy extends HeroRowStrategy {
  override readonly write = 'through';
}

let database: HeroDatabase;
let dataSource: DataSource;
let app: TestingModule;
let heroes: HeroRowRepository;

beforeAll(async () => {
  database = await HeroDatabase.start();
  dataSource = await new DataSource({
    type: 'postgres',
    url: database.url,
    entities: [HeroRow, StoryRow, TopicRow],
    poolSize: 2,
    extra: { connectionTimeoutMillis: 2_000 },
  }).initialize();
}, 60_000);

afterAll(async () => {
  await dataSource.destroy();
  await database.stop();
});

beforeEach(async () => {
  await database.seed();
  heroes = new HeroRowRepository(dataSource.getRepository(HeroRow));
  app = await Test.createTestingModule({
    imports: [
      CacheModule.forRoot({}),
      CacheModule.forFeature([{ repository: HeroRowRepository, strategy: ThroughStrategy }]),
    ],
    providers: [
      { provide: DataSource, useValue: dataSource },
      { provide: HeroRowRepository, useValue: heroes },
    ],
  })
    .setLogger(false as never)
    .compile();
  await app.init();
});

afterEach(() => app.close());

/** What the repository was asked while `read` ran. */
async function askedBy(read: () => Promise<unknown>): Promise<string[]> {
  heroes.calls.length = 0;
  await read();
  return heroes.calls;
}

async function withConnection(work: (connection: QueryRunner) => Promise<void>): Promise<void> {
  const connection = dataSource.createQueryRunner();
  try {
    await work(connection);
  } finally {
    await connection.release();
  }
}

describe('a repository of TypeORM that writes through', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['save', () => heroes.save({ id: 1, age: 50 })],
    ['save without a transaction', () => dataSource.manager.save(HeroRow, { id: 1, age: 50 }, { transaction: false })],
    ['update by criteria', () => dataSource.getRepository(HeroRow).update({ name: 'Arthur' }, { age: 50 })],
    ['a transaction', () => dataSource.transaction((manager) => manager.save(HeroRow, { id: 1, age: 50 }))],
  ])('has what was written cached once the write returns: %s', async (_, write) => {
    await heroes.findById(1);
    expect(await askedBy(write)).toContain('findById 1');

    expect(await askedBy(async () => expect(await heroes.findById(1)).toMatchObject({ age: 50 }))).toEqual([]);
  });

  it('writes as much at a time as there are connections, and waits for none', async () => {
    const startedAtMs = performance.now();
    for (let round = 1; round <= 5; round++) {
      await Promise.all([1, 2].map((id) => heroes.save({ id, age: round })));
    }

    expect(performance.now() - startedAtMs).toBeLessThan(1_500);
    expect(await askedBy(() => Promise.all([heroes.findById(1), heroes.findById(2)]))).toEqual([]);
  });

  it('evicts at the commit and caches anew when the connection is given back, if it is the own one of the caller', async () => {
    await heroes.findById(1);
    await withConnection(async (connection) => {
      await connection.startTransaction();
      await connection.manager.save(HeroRow, { id: 1, age: 50 });
      expect(await askedBy(() => connection.commitTransaction())).toEqual([]);
      expect(await askedBy(async () => expect(await heroes.findById(1)).toMatchObject({ age: 50 }))).toEqual([
        'findById 1',
      ]);
      await connection.startTransaction();
      await connection.manager.save(HeroRow, { id: 1, age: 51 });
      await connection.manager.save(HeroRow, { id: 2, age: 52 });
      await connection.commitTransaction();
    });

    expect(
      await askedBy(async () => expect(await heroes.findByIds([1, 2])).toMatchObject([{ age: 51 }, { age: 52 }])),
    ).toEqual([]);
  });

  it('caches nothing of a transaction that is rolled back', async () => {
    await heroes.findById(1);
    const rollback = (): Promise<void> =>
      withConnection(async (connection) => {
        await connection.startTransaction();
        await connection.manager.save(HeroRow, { id: 1, age: 50 });
        await connection.rollbackTransaction();
      });

    expect(await askedBy(rollback)).toEqual([]);
  });
});
