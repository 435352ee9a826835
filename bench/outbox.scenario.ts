import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CacheModule, CacheStrategy } from '@nest-strata/cache';
import { PostgresServer, RedisServer } from '@nest-strata/testing';
import { DataSource, EntitySchema } from 'typeorm';
import type { Repository } from 'typeorm';
import { runCallers } from './interleaved.js';
import { compare } from './table.js';

const ROW_COUNT = 1_000;

@Module({})
class BenchModule {}

class Hero {
  id!: number;
  name!: string;
  age!: number;
}

const heroSchema = new EntitySchema<Hero>({
  name: 'hero',
  target: Hero,
  columns: { id: { type: 'int', primary: true }, name: { type: 'text' }, age: { type: 'int' } },
});

class HeroStrategy extends CacheStrategy<Hero> {
  readonly entity = Hero;
  readonly ttl = '1h';

  id(hero: Hero): number {
    return hero.id;
  }
}

/** `save` of a changed row by so many callers: with TypeORM alone, cached, and cached with an outbox. */
export async function outboxSaves(callers: number): Promise<void> {
  await using postgres = await PostgresServer.start();
  await using redis = await RedisServer.start();
  const plain = await connect(postgres.url);
  const cached = await connect(postgres.url);
  const durable = await connect(postgres.url);
  await plain.synchronize();
  await plain.query(`INSERT INTO hero SELECT id, 'hero ' || id, 0 FROM generate_series(1, ${ROW_COUNT}) AS id`);
  const apps = [await boot(cached, redis.url, false), await boot(durable, redis.url, true)];

  const contender = (name: string, dataSource: DataSource) => {
    const heroes = dataSource.getRepository(Hero);
    return { name, run: (sliceMs: number) => runCallers(callers, sliceMs, (index) => save(heroes, index)) };
  };
  await compare(`save of a row of PostgreSQL, ${String(callers)} at a time`, [
    contender('cached repository', cached),
    contender('cached repository with an outbox', durable),
    contender('TypeORM alone', plain),
  ]);

  for (const app of apps) await app.close();
  for (const dataSource of [plain, cached, durable]) await dataSource.destroy();
}

let lastAge = 0;

function save(heroes: Repository<Hero>, index: number): Promise<unknown> {
  return heroes.save({ id: ((index * 7919) % ROW_COUNT) + 1, age: ++lastAge });
}

function connect(url: string): Promise<DataSource> {
  return new DataSource({ type: 'postgres', url, entities: [heroSchema], poolSize: 20 }).initialize();
}

function boot(dataSource: DataSource, url: string, outbox: boolean) {
  const module = {
    module: BenchModule,
    imports: [
      CacheModule.forRoot({ namespace: 'bench', redis: { url }, outbox }),
      CacheModule.forFeature([{ repository: 'heroes', strategy: HeroStrategy }]),
    ],
    providers: [{ provide: 'heroes', useFactory: () => dataSource.getRepository(Hero) }],
  };
  return NestFactory.createApplicationContext(module, { logger: ['error', 'warn'], abortOnError: false });
}
