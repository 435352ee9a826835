import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheModule, CacheStrategy } from '@nest-strata/cache';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import type { Repository } from 'typeorm';
import { HeroDatabase } from './support/heroes/hero-database.js';
import { HeroRow, StoryRow, TopicRow } from './support/heroes/hero.table.js';

/** The joining table of stories and topics, as an entity of its own. */
@Entity('story_topic')
class StoryTopicRow {
  @PrimaryColumn({ type: 'int' })
  storyId!: number;

  @PrimaryColumn({ type: 'int' })
  topicId!: number;
}

@Entity('fairy-tale')
class FairyTaleRow {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text' })
  title!: string;
}

class StoryStrategy extends CacheStrategy<StoryRow> {
  readonly entity = StoryRow;
  readonly ttl = '1h';

  id(story: StoryRow): number {
    return story.id;
  }
}

class StoryTopicStrategy extends CacheStrategy<StoryTopicRow, string> {
  readonly entity = StoryTopicRow;
  readonly ttl = '1h';

  id({ storyId, topicId }: StoryTopicRow): string {
    return `${String(storyId)} ${String(topicId)}`;
  }
}

class FairyTaleStrategy extends CacheStrategy<FairyTaleRow> {
  readonly entity = FairyTaleRow;
  readonly ttl = '1h';

  id(tale: FairyTaleRow): number {
    return tale.id;
  }
}

let database: HeroDatabase;
let dataSource: DataSource;
let app: TestingModule;

beforeAll(async () => {
  database = await HeroDatabase.start();
  await database.outside.query('CREATE TABLE "fairy-tale" (id int PRIMARY KEY, title text NOT NULL)');
  const entities = [HeroRow, StoryRow, TopicRow, StoryTopicRow, FairyTaleRow];
  dataSource = await new DataSource({ type: 'postgres', url: database.url, entities }).initialize();
}, 60_000);

afterAll(async () => {
  await dataSource.destroy();
  await database.stop();
});

beforeEach(async () => {
  await database.seed();
  await database.outside.query(`TRUNCATE "fairy-tale"; INSERT INTO "fairy-tale" VALUES (1, 'The owl')`);
  app = await Test.createTestingModule({
    imports: [
      CacheModule.forRoot({ types: [TopicRow] }),
      CacheModule.forFeature([
        { repository: 'stories', strategy: StoryStrategy },
        { repository: 'joins', strategy: StoryTopicStrategy },
        { repository: 'tales', strategy: FairyTaleStrategy },
      ]),
    ],
    providers: [
      { provide: DataSource, useValue: dataSource },
      { provide: 'stories', useFactory: () => dataSource.getRepository(StoryRow) },
      { provide: 'joins', useFactory: () => dataSource.getRepository(StoryTopicRow) },
      { provide: 'tales', useFactory: () => dataSource.getRepository(FairyTaleRow) },
    ],
  })
    .setLogger(false as never)
    .compile();
  await app.init();
});

afterEach(() => app.close());

describe('a joining table that is an entity', () => {
  it.each<[string, (joins: Repository<StoryTopicRow>) => Promise<unknown>, number]>([
    ['save of a new row', (joins) => joins.save({ storyId: 1, topicId: 2 }), 2],
    ['insert', (joins) => joins.insert({ storyId: 1, topicId: 2 }), 2],
    ['update', (joins) => joins.update({ storyId: 1 }, { topicId: 2 }), 1],
    ['remove', async (joins) => joins.remove(await joins.findOneByOrFail({ storyId: 1, topicId: 1 })), 0],
    ['a query builder that inserts', (joins) => insertWith(joins), 2],
  ])('is read anew after a write, and so is what it joins: %s', async (_, write, count) => {
    const joins = app.get<Repository<StoryTopicRow>>('joins');
    const stories = app.get<Repository<StoryRow>>('stories');
    expect(await joins.find()).toHaveLength(1);
    expect((await stories.findOneByOrFail({ id: 1 })).topics).toEqual([{ id: 1, name: 'owls' }]);
    await write(joins);

    const found = await joins.find();
    expect(found).toHaveLength(count);
    const { topics } = await stories.findOneByOrFail({ id: 1 });
    expect(topics.map(({ id }) => id)).toEqual(found.map(({ topicId }) => topicId).sort());
  });
});

function insertWith(joins: Repository<StoryTopicRow>): Promise<unknown> {
  return joins.createQueryBuilder().insert().values({ storyId: 1, topicId: 2 }).execute();
}

describe('a table whose name is more than a word', () => {
  it.each([
    `UPDATE "fairy-tale" SET title = 'The crow'`,
    `update "public"."fairy-tale" as tale set title = 'The crow'`,
  ])('is read anew after SQL of the application: %s', async (sql) => {
    const tales = app.get<Repository<FairyTaleRow>>('tales');
    expect(await tales.findOneBy({ id: 1 })).toMatchObject({ title: 'The owl' });
    await dataSource.query(sql);

    expect(await tales.findOneBy({ id: 1 })).toMatchObject({ title: 'The crow' });
  });

  it('stays cached after SQL that names but a part of it', async () => {
    const tales = app.get<Repository<FairyTaleRow>>('tales');
    await tales.findOneBy({ id: 1 });
    await dataSource.query('CREATE TEMP TABLE tale (id int); INSERT INTO tale VALUES (1); DROP TABLE tale');
    await database.outside.query(`UPDATE "fairy-tale" SET title = 'The crow'`);

    expect(await tales.findOneBy({ id: 1 })).toMatchObject({ title: 'The owl' });
  });
});
