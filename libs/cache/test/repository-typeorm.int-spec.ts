import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheModule, CacheService, CacheStrategy, getCachedRepositoryToken, list } from '@nest-strata/cache';
import type { CachedRepository, CacheModuleOptions, RepositoryFeature } from '@nest-strata/cache';
import { CACHE_CHANNEL } from '@nest-strata/engine';
import type { CacheEvent } from '@nest-strata/engine';
import { eventually, RedisServer } from '@nest-strata/testing';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Equal, In, QueryFailedError } from 'typeorm';
import type { DataSource, EntityManager, Repository } from 'typeorm';
import { HeroDatabase } from './support/heroes/hero-database.js';
import { HeroRowRepository } from './support/heroes/hero-row.repository.js';
import { HeroRowStrategy } from './support/heroes/hero-row.strategy.js';
import { Language } from './support/heroes/hero.js';
import { HeroRow, StoryRow, TopicRow } from './support/heroes/hero.table.js';

class StoryRowStrategy extends CacheStrategy<StoryRow> {
  readonly entity = StoryRow;
  override readonly name = 'story';
  readonly ttl = '10m';
  override readonly lists = {
    byHero: list<StoryRow>('heroId'),
    byTopic: list((story: StoryRow) => story.topics.map(({ id }) => id)),
  };

  id(story: StoryRow): number {
    return story.id;
  }
}

const HEROES: RepositoryFeature = { repository: HeroRowRepository, strategy: HeroRowStrategy };
/** The token that `getRepositoryToken(StoryRow)` of @nestjs/typeorm gives. */
const STORIES: RepositoryFeature = { repository: 'StoryRowRepository', strategy: StoryRowStrategy };

let database: HeroDatabase;
let redis: RedisServer;
let dataSource: DataSource;
/** Another program on the same database. */
let outside: DataSource;
let app: TestingModule | undefined;
let cache: CacheService;
let heroes: HeroRowRepository;
let stories: Repository<StoryRow>;

beforeAll(async () => {
  [database, redis] = await Promise.all([HeroDatabase.start(), RedisServer.start()]);
  ({ dataSource, outside } = database);
}, 60_000);

afterAll(async () => {
  await Promise.all([database.stop(), redis.stop()]);
});

beforeEach(async () => {
  await database.seed();
  await boot({});
});

afterEach(async () => {
  await app?.close();
});

async function boot(options: CacheModuleOptions, features = [HEROES, STORIES]): Promise<void> {
  await app?.close();
  const booted = await Test.createTestingModule({
    imports: [CacheModule.forRoot({ types: [TopicRow], ...options }), CacheModule.forFeature(features)],
    providers: database.providers,
  })
    .setLogger(false as never)
    .compile();
  app = await booted.init();
  cache = app.get(CacheService);
  heroes = app.get(HeroRowRepository);
  stories = app.get('StoryRowRepository');
}

function cachedOf<E extends object>({ repository }: RepositoryFeature): CachedRepository<E> {
  return (app as TestingModule).get(getCachedRepositoryToken(repository));
}

/** Everything of the cache that the tests look at. */
const READS: Record<string, () => Promise<unknown>> = {
  'hero:1': () => heroes.findById(1),
  'hero:2': () => heroes.findById(2),
  'hero:3': () => heroes.findById(3),
  'hero.findByName:Arthur': () => heroes.findByName('Arthur'),
  'hero.findByName:Marie': () => heroes.findByName('Marie'),
  'hero.findByLanguage:en': () => heroes.findByLanguage(Language.English),
  'hero.findByLanguage:fr': () => heroes.findByLanguage(Language.French),
  'hero.findByLanguage:de': () => heroes.findByLanguage(Language.German),
  'hero.all': () => heroes.findAll(),
  'story:1': () => stories.findOneBy({ id: 1 }),
  'story:2': () => stories.findOneBy({ id: 2 }),
  'story.byHero:1': () => stories.findBy({ heroId: 1 }),
  'story.byHero:2': () => stories.findBy({ heroId: 2 }),
  'story.all': () => stories.find(),
};

async function fill(): Promise<void> {
  for (const read of Object.values(READS)) await read();
}

/** The names of the entries that are gone. */
async function lost(): Promise<string[]> {
  const names = Object.keys(READS);
  const present = await Promise.all(names.map((name) => cache.has(name)));
  return names.filter((_, at) => present[at] !== true);
}

const EVERY_HERO = Object.keys(READS).filter((name) => name.startsWith('hero'));
const EVERY_STORY = Object.keys(READS).filter((name) => name.startsWith('story'));
const ARTHUR_IN = (...languages: string[]): string[] => [
  'hero:1',
  'hero.findByName:Arthur',
  ...['en', 'fr', 'de']
    .filter((language) => languages.includes(language))
    .map((language) => `hero.findByLanguage:${language}`),
  'hero.all',
];

describe('reads of a class that holds a Repository of TypeORM', () => {
  it('come back as instances with their dates, from the second on without a query', async () => {
    await fill();
    heroes.calls.length = 0;
    const hero = await heroes.findById(1);

    expect(hero).toBeInstanceOf(HeroRow);
    expect(hero?.greeting()).toBe('I am Arthur.');
    expect(hero?.bornAt).toEqual(new Date('2020-02-29T12:00:00Z'));
    expect(await heroes.findByIds([2, 1])).toMatchObject([{ id: 2 }, { id: 1 }]);
    expect(await heroes.findById(3)).toBeNull();
    expect(heroes.calls).toEqual([]);
  });

  it('give entities that can be changed and saved', async () => {
    const hero = (await heroes.findById(1)) as HeroRow;
    hero.name = 'Art';
    await heroes.save(hero);

    expect(await heroes.findById(1)).toMatchObject({ name: 'Art' });
    expect(await outside.query('SELECT name FROM hero WHERE id = 1')).toEqual([{ name: 'Art' }]);
  });
});

describe('reads of a Repository of TypeORM', () => {
  const queries = async (read: () => Promise<unknown>): Promise<number> => {
    await read();
    const before = cachedOf(STORIES).stats().misses;
    const { hits } = cachedOf(STORIES).stats();
    await read();
    return cachedOf(STORIES).stats().hits > hits && cachedOf(STORIES).stats().misses === before ? 0 : 1;
  };

  it.each<[string, () => Promise<unknown>, unknown]>([
    ['findOneBy the key', () => stories.findOneBy({ id: 1 }), { title: 'The sword', topics: [{ name: 'owls' }] }],
    ['findOne where the key', () => stories.findOne({ where: { id: 9 } }), null],
    ['findBy In of keys', () => stories.findBy({ id: In([2, 9, 1]) }), [{ id: 2 }, { id: 1 }]],
    ['find where In of keys', () => stories.find({ where: { id: In([2, 1]) } }), [{ id: 2 }, { id: 1 }]],
    ['findBy the property of a list', () => stories.findBy({ heroId: 1 }), [{ id: 1 }]],
    ['find where the property of a list', () => stories.find({ where: { heroId: 2 } }), [{ id: 2 }]],
    ['find', () => stories.find(), [{ id: 1 }, { id: 2 }]],
    ['find with no options', () => stories.find({}), [{ id: 1 }, { id: 2 }]],
  ])('are cached: %s', async (_, read, expected) => {
    expect(await queries(read)).toBe(0);
    expect({ result: await read() }).toMatchObject({ result: expected });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['an order', () => stories.find({ order: { id: 'DESC' } })],
    ['relations', () => stories.findOne({ where: { id: 1 }, relations: { hero: true } })],
    ['a page', () => stories.find({ where: { heroId: 1 }, take: 1 })],
    ['other properties', () => stories.findBy({ title: 'The sword' })],
    ['an operator', () => stories.findBy({ heroId: In([1]) })],
    ['alternatives', () => stories.findBy([{ heroId: 1 }, { heroId: 2 }])],
    ['no key', () => stories.findBy({ id: In([]) })],
  ])('are not cached with %s', async (_, read) => {
    expect(await queries(read)).toBe(1);
    expect(cachedOf(STORIES).stats()).toMatchObject({ hits: 0, misses: 0 });
  });
});

describe('a write', () => {
  const german = { language: Language.German };
  const inTransaction = (work: (manager: EntityManager) => Promise<unknown>) => () => dataSource.transaction(work);
  const rows = (): Repository<HeroRow> => dataSource.getRepository(HeroRow);
  const arthur = async (manager = dataSource.manager): Promise<HeroRow> => manager.findOneByOrFail(HeroRow, { id: 1 });

  it.each<[string, () => Promise<unknown>, string[]]>([
    ['save of the class', () => heroes.save({ id: 1, ...german }), ARTHUR_IN('en', 'de')],
    ['a transaction of the class', () => heroes.translate(1, Language.German), ARTHUR_IN('en', 'de')],
    [
      'save without a transaction',
      () => rows().save({ id: 1, ...german }, { transaction: false }),
      ARTHUR_IN('en', 'de'),
    ],
    ['save that changes nothing', async () => heroes.save(await arthur()), []],
    ['save of a new row', () => heroes.save({ id: 3, name: 'Luc' }), ['hero:3', 'hero.findByLanguage:en', 'hero.all']],
    [
      'save of several',
      () =>
        rows().save([
          { id: 1, ...german },
          { id: 2, ...german },
        ]),
      EVERY_HERO.filter((name) => name !== 'hero:3'),
    ],
    [
      'save of an entity that knows an old row',
      async () => {
        const old = await arthur();
        await outside.query(`UPDATE hero SET language = 'fr' WHERE id = 1`);
        old.age = 40;
        old.language = Language.German;
        await rows().save(old);
      },
      ARTHUR_IN('en', 'fr', 'de'),
    ],
    ['remove', async () => rows().remove(await arthur()), [...ARTHUR_IN('en'), ...EVERY_STORY]],
    [
      'remove without a transaction',
      async () => rows().remove(await arthur(), { transaction: false }),
      [...ARTHUR_IN('en'), ...EVERY_STORY],
    ],
    ['softRemove', async () => rows().softRemove(await arthur()), ARTHUR_IN('en')],
    [
      'insert',
      () => rows().insert({ id: 3, name: 'Luc', ...german }),
      ['hero:3', 'hero.findByLanguage:de', 'hero.all'],
    ],
    ['upsert', () => rows().upsert({ id: 1, name: 'Arthur', ...german }, ['id']), ARTHUR_IN('en', 'de')],
    ['update by id', () => rows().update(1, german), ARTHUR_IN('en', 'de')],
    ['update by criteria', () => rows().update({ language: Language.English }, german), ARTHUR_IN('en', 'de')],
    ['update of no row', () => rows().update({ age: 99 }, german), []],
    [
      'update of several ids',
      () => rows().update([1, 2], { age: 3 }),
      EVERY_HERO.filter((name) => !/:3|:de/.test(name)),
    ],
    [
      'update of the key',
      async () => {
        await outside.query('DELETE FROM story');
        await rows().update(1, { id: 3 });
      },
      EVERY_HERO,
    ],
    ['delete by id', () => rows().delete(1), [...ARTHUR_IN('en'), ...EVERY_STORY]],
    ['delete by criteria', () => rows().delete({ name: 'Arthur' }), [...ARTHUR_IN('en'), ...EVERY_STORY]],
    [
      'clear in a transaction',
      inTransaction((manager) => manager.clear(HeroRow, { cascade: true })),
      [...EVERY_HERO, ...EVERY_STORY],
    ],
    ['recover', () => rows().recover({ id: 1 }), ARTHUR_IN('en')],
    ['softDelete', () => rows().softDelete(1), ARTHUR_IN('en')],
    ['restore', () => rows().restore(1), ARTHUR_IN('en')],
    ['increment', () => rows().increment({ id: 1 }, 'age', 1), ARTHUR_IN('en')],
    ['updateAll', () => rows().updateAll(german), EVERY_HERO],
    ['deleteAll', () => rows().deleteAll(), [...EVERY_HERO, ...EVERY_STORY]],
    ['clear', () => dataSource.getRepository(StoryRow).clear({ cascade: true }), [...EVERY_HERO, ...EVERY_STORY]],
    [
      'a query builder that updates',
      () => rows().createQueryBuilder().update().set(german).where({ id: 1 }).execute(),
      EVERY_HERO,
    ],
    [
      'a query builder that deletes',
      () => rows().createQueryBuilder().delete().where({ id: 1 }).execute(),
      [...EVERY_HERO, ...EVERY_STORY],
    ],
    [
      'a query builder that inserts',
      () => rows().createQueryBuilder().insert().values({ id: 3, name: 'Luc' }).execute(),
      ['hero:3', 'hero.findByLanguage:en', 'hero.all'],
    ],
    ['save by a manager', () => dataSource.manager.save(HeroRow, { id: 1, ...german }), ARTHUR_IN('en', 'de')],
    [
      'save in a transaction',
      inTransaction((manager) => manager.save(HeroRow, { id: 1, ...german })),
      ARTHUR_IN('en', 'de'),
    ],
    [
      'update in a transaction',
      inTransaction((manager) => manager.getRepository(HeroRow).update(1, german)),
      ARTHUR_IN('en', 'de'),
    ],
    [
      'two writes in a transaction',
      inTransaction(async (manager) => {
        await manager.update(HeroRow, 1, { language: Language.French });
        await manager.update(HeroRow, 1, german);
      }),
      ARTHUR_IN('en', 'fr', 'de'),
    ],
    [
      'save of a story with its hero',
      () => stories.save({ id: 1, title: 'The crown', hero: { id: 1, age: 7 } as HeroRow }),
      [...ARTHUR_IN('en'), 'story:1', 'story.byHero:1', 'story.all'],
    ],
    ['a topic for a story that had none', () => stories.save({ id: 2, topics: [{ id: 1 } as TopicRow] }), EVERY_STORY],
    ['other topics of a story', () => stories.save({ id: 1, topics: [{ id: 2 } as TopicRow] }), EVERY_STORY],
    [
      'update of a story',
      () => stories.update(1, { heroId: 2 }),
      ['story:1', 'story.byHero:1', 'story.byHero:2', 'story.all'],
    ],
    [
      'SQL of a repository',
      () => rows().query('UPDATE "hero" SET age = 1 WHERE id = $1', [1]),
      [...EVERY_HERO, ...EVERY_STORY],
    ],
    ['SQL in a transaction', inTransaction((manager) => manager.query('delete from story')), EVERY_STORY],
    ['SQL of a table that others refer to', () => dataSource.query('DELETE FROM topic WHERE id = 7'), EVERY_STORY],
    [
      'remove of a topic of stories',
      () => dataSource.manager.remove(Object.assign(new TopicRow(), { id: 1 })),
      EVERY_STORY,
    ],
    ['SQL of a joining table', () => dataSource.query('INSERT INTO story_topic VALUES (2, 2)'), EVERY_STORY],
    ['SQL that reads', () => dataSource.query('SELECT name FROM hero WHERE id = 1 FOR NO KEY UPDATE'), []],
    [
      'SQL of no entity',
      () => dataSource.query('CREATE TEMP TABLE heroes (id int); INSERT INTO heroes VALUES (1)'),
      [],
    ],
    ['a write to another table', () => dataSource.manager.update(TopicRow, 1, { name: 'bats' }), []],
  ])('loses exactly what it changes: %s', async (_, write, expected) => {
    await fill();
    expect(await lost()).toEqual([]);
    await write();

    expect(new Set(await lost())).toEqual(new Set(expected));
  });
});

describe('a transaction', () => {
  const german = { language: Language.German };

  it('that is rolled back leaves the cache untouched', async () => {
    await fill();
    const error = new Error('changed my mind');
    const work = dataSource.transaction(async (manager) => {
      await manager.save(HeroRow, { id: 1, ...german });
      await manager.update(HeroRow, 2, german);
      await manager.createQueryBuilder().delete().from(StoryRow).execute();
      await manager.query('DELETE FROM topic');
      throw error;
    });

    await expect(work).rejects.toBe(error);
    expect(await lost()).toEqual([]);
    expect(cachedOf(HEROES).stats().invalidations).toBe(0);
  });

  it('invalidates when it is committed, not before', async () => {
    await fill();
    await dataSource.transaction(async (manager) => {
      await manager.save(HeroRow, { id: 1, ...german });
      await manager.update(HeroRow, 1, { age: 7 });
      expect(await lost()).toEqual([]);
      expect(await heroes.findById(1)).toMatchObject({ language: Language.English });
    });

    expect(await lost()).toEqual(ARTHUR_IN('en', 'de'));
    expect(cachedOf(HEROES).stats().invalidations).toBe(1);
  });

  it('forgets what a savepoint takes back, and keeps what another keeps', async () => {
    await fill();
    await dataSource.transaction(async (manager) => {
      await manager.transaction((inner) => inner.update(HeroRow, 1, german));
      await manager
        .transaction(async (inner) => {
          await inner.update(HeroRow, 2, german);
          throw new Error('taken back');
        })
        .catch(() => undefined);
      expect(await lost()).toEqual([]);
    });

    expect(await lost()).toEqual(ARTHUR_IN('en', 'de'));
  });

  it('that fails in the database gives its callers the very error, and leaves the cache untouched', async () => {
    await fill();

    await expect(heroes.save({ id: 1, name: 'Marie' })).rejects.toThrow(QueryFailedError);
    await expect(dataSource.manager.update(HeroRow, 1, { name: 'Marie' })).rejects.toThrow(/duplicate key/);
    await expect(dataSource.manager.update(HeroRow, { age: Equal('old') }, german)).rejects.toThrow(
      /invalid input syntax/,
    );
    await expect(dataSource.manager.update(HeroRow, {}, german)).rejects.toThrow(/Empty criteria/);
    await expect(dataSource.manager.update(HeroRow, { shoeSize: 9 }, german)).rejects.toThrow(/shoeSize/);
    expect(await lost()).toEqual([]);
  });

  it('of which nobody knows whether it is committed invalidates what it changed', async () => {
    await outside.query(`
      CREATE OR REPLACE FUNCTION hold() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$ LANGUAGE plpgsql;
      CREATE CONSTRAINT TRIGGER held AFTER UPDATE ON hero DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold();
    `);
    try {
      await fill();
      const runner = dataSource.createQueryRunner();
      const connection = (await runner.connect()) as { connection: { stream: { destroy(): void } } };
      await runner.startTransaction();
      await runner.manager.update(HeroRow, 1, german);
      const commit = runner.commitTransaction();
      setTimeout(() => connection.connection.stream.destroy(), 50);

      await expect(commit).rejects.toThrow(/terminated/);
      expect(await lost()).toEqual(ARTHUR_IN('en', 'de'));
      await runner.release();
      await eventually(
        async () => (await dataSource.manager.findOneByOrFail(HeroRow, { id: 1 })).language === Language.German,
      );
      expect(await heroes.findById(1)).toMatchObject(german);
    } finally {
      await outside.query('DROP TRIGGER held ON hero; DROP FUNCTION hold');
    }
  });

  it('that is open is not read through the cache, where it takes the place of the manager', async () => {
    await fill();
    await dataSource.transaction(async (manager) => {
      await manager.query(`UPDATE hero SET name = 'not committed' WHERE id = 1`);
      const own = Object.getOwnPropertyDescriptor(dataSource, 'manager') as PropertyDescriptor;
      Object.defineProperty(dataSource, 'manager', { ...own, value: manager });
      heroes.calls.length = 0;
      await heroes.findById(1);
      Object.defineProperty(dataSource, 'manager', own);
    });

    expect(heroes.calls).toEqual(['findById 1']);
  });
});

describe('old values', () => {
  const evicted: string[][] = [];
  const listen = (event: unknown): void => {
    const { type, ...rest } = event as CacheEvent & { targets?: string[] };
    if (type === 'evict')
      evicted.push([...(rest.targets ?? [])].filter((target) => target.includes('Language')).sort());
  };

  beforeEach(() => {
    evicted.length = 0;
    subscribe(CACHE_CHANNEL, listen);
  });

  afterEach(() => {
    unsubscribe(CACHE_CHANNEL, listen);
  });

  it('are those of the row, when two saves started from the same entity', async () => {
    await fill();
    const [french, german] = await Promise.all(
      [1, 2].map(() => dataSource.manager.findOneByOrFail(HeroRow, { id: 1 })),
    );
    await heroes.save(Object.assign(french as HeroRow, { language: Language.French }));
    expect(await heroes.findByLanguage(Language.French)).toHaveLength(2);
    await heroes.save(Object.assign(german as HeroRow, { language: Language.German }));

    expect((await heroes.findByLanguage(Language.French)).map(({ id }) => id)).toEqual([2]);
    expect((await heroes.findByLanguage(Language.German)).map(({ id }) => id)).toEqual([1]);
    expect(evicted).toEqual([
      ['hero.findByLanguage:en', 'hero.findByLanguage:fr'],
      ['hero.findByLanguage:de', 'hero.findByLanguage:fr'],
    ]);
  });

  it('are those that TypeORM read, outside of a transaction', async () => {
    const hero = { id: 1, language: Language.German };
    await dataSource.manager.save(HeroRow, hero, { transaction: false });

    expect(evicted).toEqual([['hero.findByLanguage:de', 'hero.findByLanguage:en']]);
  });

  it.each<[string, (manager: EntityManager, language: Language) => Promise<unknown>]>([
    ['save', (manager, language) => manager.save(HeroRow, { id: 1, language })],
    ['update', (manager, language) => manager.update(HeroRow, 1, { language })],
    ['update by criteria', (manager, language) => manager.update(HeroRow, { name: 'Arthur' }, { language })],
  ])('are those of the row, when two transactions want it at the same time: %s', async (_, write) => {
    await fill();
    let commitFirst = (): void => undefined;
    const mayCommit = new Promise<void>((resolve) => (commitFirst = resolve));
    let hasWritten = false;
    const toFrench = dataSource.transaction(async (manager) => {
      await write(manager, Language.French);
      hasWritten = true;
      await mayCommit;
    });
    await eventually(() => hasWritten);
    const toGerman = dataSource.transaction((manager) => write(manager, Language.German));
    await eventually(async () => {
      const waiting = await outside.query<unknown[]>('SELECT 1 FROM pg_locks WHERE NOT granted');
      return waiting.length > 0;
    });
    commitFirst();
    await Promise.all([toFrench, toGerman]);

    // In any order: the second can hear of its commit before the first does.
    expect(evicted.map(String).sort()).toEqual([
      'hero.findByLanguage:de,hero.findByLanguage:fr',
      'hero.findByLanguage:en,hero.findByLanguage:fr',
    ]);
  });

  it('never leave a list stale, however many write and read at the same time', async () => {
    const languages = [Language.English, Language.French, Language.German];
    let isDone = false;
    const readers = languages.map(async (language) => {
      while (!isDone) {
        await heroes.findByLanguage(language);
        await new Promise(setImmediate);
      }
    });
    const writers = languages.map(async (_, writer) => {
      for (let turn = 0; turn < 15; turn++) {
        const language = languages[(turn * 7 + writer) % 3] as Language;
        await (turn % 2 ? heroes.translate(1, language) : dataSource.manager.update(HeroRow, 1, { language }));
      }
    });
    await Promise.all(writers);
    isDone = true;
    await Promise.all(readers);

    for (const language of languages) {
      const rows = await dataSource.manager.findBy(HeroRow, { language });
      expect(new Set((await heroes.findByLanguage(language)).map(({ id }) => id))).toEqual(
        new Set(rows.map(({ id }) => id)),
      );
    }
  });
});

describe('the rows of a write', () => {
  it('are not all read when they are many: everything is invalidated', async () => {
    await outside.query(
      `INSERT INTO hero (id, name, language) SELECT n, 'hero ' || n, 'de' FROM generate_series(1000, 1500) n`,
    );
    await fill();
    await dataSource.manager.update(HeroRow, { language: Language.German }, { age: 3 });
    expect(new Set(await lost())).toEqual(new Set(EVERY_HERO));

    await fill();
    await dataSource.manager.save(
      HeroRow,
      Array.from({ length: 501 }, (_, at) => ({ id: 1000 + at, age: at + 4 })),
    );
    expect(new Set(await lost())).toEqual(new Set(EVERY_HERO));

    await fill();
    const made = Array.from({ length: 501 }, (_, at) => ({ id: 3000 + at, name: `new hero ${at}` }));
    await dataSource.manager.insert(HeroRow, made);
    expect(new Set(await lost())).toEqual(new Set(EVERY_HERO));
  });

  it('are those that the class tells of, where it writes SQL of its own', async () => {
    class KnowingStrategy extends HeroRowStrategy {
      override readonly writes = { rejuvenate: 'everything' } as const;
    }
    await boot({}, [{ repository: HeroRowRepository, strategy: KnowingStrategy }]);
    await heroes.findById(1);
    await heroes.rejuvenate();

    expect(await cache.has('hero:1')).toBe(false);
  });

  it('are more than those that were locked, where another transaction adds one before the write: everything is invalidated', async () => {
    await fill();
    const interloper = {
      beforeUpdate: () => outside.query(`UPDATE hero SET language = 'en' WHERE id = 2`),
    };
    dataSource.subscribers.push(interloper);
    await dataSource.manager.update(HeroRow, { language: Language.English }, { age: 3 });
    dataSource.subscribers.splice(dataSource.subscribers.indexOf(interloper), 1);

    expect(await outside.query('SELECT age FROM hero')).toEqual([{ age: 3 }, { age: 3 }]);
    expect(await lost()).toEqual(EVERY_HERO);
  });

  it('are found by their key to be invalidated by hand', async () => {
    await fill();
    await outside.query(`UPDATE hero SET language = 'de' WHERE id = 1`);
    await cachedOf(HEROES).invalidate(1);

    expect(await lost()).toEqual(ARTHUR_IN('en', 'de'));
  });
});

describe('an invalidation by hand', () => {
  class Knowing extends HeroRowStrategy {
    override loadCurrent = async (): Promise<HeroRow[]> => [
      Object.assign(new HeroRow(), { id: 1, name: 'Arthur', language: Language.German }),
    ];
  }
  class ByName extends CacheStrategy<HeroRow, string> {
    readonly entity = HeroRow;
    override readonly name = 'hero';
    readonly ttl = '1h';
    override readonly reads = { byId: 'findByName', byIds: false } as const;

    id(hero: HeroRow): string {
      return hero.name;
    }
  }

  it('asks the strategy for the rows, where that knows them', async () => {
    await boot({}, [{ repository: HeroRowRepository, strategy: Knowing }, STORIES]);
    await fill();
    await cachedOf(HEROES).invalidate(1);

    expect(await lost()).toEqual(ARTHUR_IN('en', 'de'));
  });

  it.each<[string, unknown]>([
    ['that is no primary key', 'Arthur'],
    ['of several parts', ['Arthur', 1]],
  ])('takes everything for an id %s', async (_, id) => {
    await boot({}, [{ repository: HeroRowRepository, strategy: ByName }]);
    await heroes.findByName('Arthur');
    expect(await cache.has('hero:Arthur')).toBe(true);
    const cached = cachedOf(HEROES);
    await cached.invalidate(id as never);

    expect(cached.stats()).toMatchObject({ invalidations: 1, fullInvalidations: 1 });
    expect(await cache.has('hero:Arthur')).toBe(false);
  });

  it('of an entity whose id is no primary key, by a write, is exact all the same', async () => {
    await boot({}, [{ repository: HeroRowRepository, strategy: ByName }]);
    await heroes.findByName('Arthur');
    await heroes.findByName('Marie');
    await heroes.save({ id: 1, age: 7 });

    expect(await cache.has('hero:Arthur')).toBe(false);
    expect(await cache.has('hero:Marie')).toBe(true);
  });
});

describe('a data source', () => {
  it('is as it was when the application is closed', async () => {
    const { subscribers, manager } = dataSource;
    expect(subscribers).toHaveLength(1);
    await app?.close();

    expect(subscribers).toHaveLength(0);
    expect(Object.getOwnPropertyNames(manager)).not.toContain('update');
    expect(Object.getOwnPropertyNames(dataSource)).not.toContain('createEntityManager');
    expect(Object.getOwnPropertyNames(dataSource.getRepository(StoryRow))).not.toContain('findOneBy');
  });
});

describe.each<[string, () => CacheModuleOptions]>([
  ['in memory over Redis', () => ({ namespace: 'both', redis: { url: redis.url } })],
  ['in Redis', () => ({ namespace: 'redis', memory: false, redis: { url: redis.url } })],
])('heroes and stories %s', (_, optionsOf) => {
  it('come back as what they were and are lost when they change', async () => {
    await boot(optionsOf());
    await cache.clear();
    await fill();
    await fill();
    expect(await lost()).toEqual([]);
    expect(await stories.findOneBy({ id: 1 })).toEqual(await dataSource.manager.findOneBy(StoryRow, { id: 1 }));
    expect((await stories.findOneBy({ id: 1 }))?.topics[0]).toBeInstanceOf(TopicRow);
    expect(await heroes.findById(1)).toEqual(await dataSource.manager.findOneBy(HeroRow, { id: 1 }));
    await dataSource.transaction((manager) => manager.save(HeroRow, { id: 1, language: Language.German }));

    expect(await lost()).toEqual(ARTHUR_IN('en', 'de'));
    expect(await heroes.findByLanguage(Language.German)).toMatchObject([{ id: 1 }]);
  });
});
