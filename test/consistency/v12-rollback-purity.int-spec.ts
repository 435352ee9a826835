import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CacheModule, CacheService } from '@nest-strata/cache';
import type { CacheModuleOptions } from '@nest-strata/cache';
import { eventually, RedisServer, SeededRandom } from '@nest-strata/testing';
import { Redis } from 'ioredis';
import type { DataSource, EntityManager } from 'typeorm';
import { HeroDatabase } from '../../libs/cache/test/support/heroes/hero-database.js';
import { HeroRowRepository } from '../../libs/cache/test/support/heroes/hero-row.repository.js';
import { HeroRowStrategy } from '../../libs/cache/test/support/heroes/hero-row.strategy.js';
import { Language } from '../../libs/cache/test/support/heroes/hero.js';
import { HeroRow, StoryRow } from '../../libs/cache/test/support/heroes/hero.table.js';
import { expectKept } from './support/report.js';
import { SCALE } from './support/scale.js';

const HEROES = 10;
const TRANSACTIONS = 60 * SCALE;
const TIMEOUT_MS = 60_000 * SCALE;
const LANGUAGES = Object.values(Language);
/** What changes something in Redis, or tells others that something has changed. */
const CHANGES = /^(set|setex|psetex|getdel|del|unlink|(p?expire|persist)|incr(by)?|publish|spublish)$/i;

let database: HeroDatabase;
let redis: RedisServer;
let dataSource: DataSource;
let app: TestingModule;
let cache: CacheService;
let heroes: HeroRowRepository;
let teller: Redis;
let monitor: Redis;
/** Every command that reaches Redis, those of scripts too. */
let commands: string[][];

beforeAll(async () => {
  [database, redis] = await Promise.all([HeroDatabase.start(), RedisServer.start()]);
  ({ dataSource } = database);
  teller = new Redis(redis.url);
  monitor = await teller.monitor();
  monitor.on('monitor', (_: string, command: string[]) => commands.push(command));
}, 60_000);

afterAll(async () => {
  monitor.disconnect();
  teller.disconnect();
  await Promise.all([database.stop(), redis.stop()]);
});

beforeEach(async () => {
  commands = [];
  await database.empty();
  for (let id = 1; id <= HEROES; id++) {
    await dataSource.query(`INSERT INTO hero (id, name, language) VALUES ($1, $2, $3)`, [
      id,
      `hero ${id}`,
      LANGUAGES[id % LANGUAGES.length],
    ]);
  }
});

afterEach(() => app.close());

async function boot(options: Partial<CacheModuleOptions>): Promise<void> {
  app = await Test.createTestingModule({
    imports: [
      CacheModule.forRoot({ redis: { url: redis.url, deadline: '2s' }, ...options }),
      CacheModule.forFeature([{ repository: HeroRowRepository, strategy: HeroRowStrategy }]),
    ],
    providers: database.providers,
  })
    .setLogger(false as never)
    .compile();
  await app.init();
  cache = app.get(CacheService);
  heroes = app.get(HeroRowRepository);
}

const READS = new Map<string, () => Promise<unknown>>([
  ...Array.from({ length: HEROES }, (_, at): [string, () => Promise<unknown>] => [
    `hero:${at + 1}`,
    () => heroes.findById(at + 1),
  ]),
  ...LANGUAGES.map((language): [string, () => Promise<unknown>] => [
    `hero.findByLanguage:${language}`,
    () => heroes.findByLanguage(language),
  ]),
  ['hero.all', () => heroes.findAll()],
]);

async function readAll(): Promise<unknown[]> {
  const values: unknown[] = [];
  for (const read of READS.values()) values.push(await read());
  return values;
}

/** The names of the entries that are gone. */
async function lost(): Promise<string[]> {
  const names = [...READS.keys()];
  const present = await Promise.all(names.map((name) => cache.has(name)));
  return names.filter((_, at) => present[at] !== true);
}

/** The changes that Redis was told of since the last time; that this process is at work is none. */
async function takeChanges(): Promise<string[]> {
  const mark = `mark-${performance.now()}`;
  await teller.echo(mark);
  await eventually(() => commands.some((command) => command[1] === mark));
  const taken = commands.splice(0);
  return taken
    .filter(([name = '', key = '']) => CHANGES.test(name) && !/^strata:[^:]+:h:/.test(key))
    .map((command) => command.join(' '));
}

/** Does something that changes rows of the cached entity, at random; with savepoints, of which some are taken back. */
async function writeAnything(manager: EntityManager, random: SeededRandom, depth = 0): Promise<number> {
  const below = (bound: number): number => Math.floor(random.fraction() * bound);
  const anyId = (): number => 1 + below(HEROES);
  const name = `hero ${random.fraction()}`;
  const changed = { language: LANGUAGES[below(LANGUAGES.length)] as Language, age: below(100) };
  const writes: (() => Promise<unknown>)[] = [
    () => manager.save(HeroRow, { id: anyId(), name, ...changed }),
    () => manager.update(HeroRow, anyId(), changed),
    () => manager.update(HeroRow, { language: Language.English }, changed),
    () => manager.delete(HeroRow, anyId()),
    () => manager.softDelete(HeroRow, anyId()),
    () => manager.insert(HeroRow, { id: 1_000 + below(1_000_000), name, ...changed }),
    () => manager.upsert(HeroRow, { id: anyId(), name, ...changed }, ['id']),
    () => manager.increment(HeroRow, { id: anyId() }, 'age', 1),
    () => manager.createQueryBuilder().update(HeroRow).set(changed).where({ id: anyId() }).execute(),
    () => manager.query('UPDATE hero SET age = age + 1'),
    () =>
      manager.save(StoryRow, {
        id: below(1_000_000),
        title: 'A story',
        hero: { id: anyId(), name, ...changed } as HeroRow,
      }),
  ];
  let count = 1 + below(4);
  for (let done = count; done > 0; done--) await writes[below(writes.length)]?.();
  if (depth < 3 && random.fraction() < 0.5) {
    const isTakenBack = random.fraction() < 0.5;
    const inner = manager.transaction(async (savepoint) => {
      count += await writeAnything(savepoint, random, depth + 1);
      if (isTakenBack) throw new Error('taken back');
    });
    await (isTakenBack ? inner.catch(() => undefined) : inner);
  }
  return count;
}

describe.each<[string, Partial<CacheModuleOptions>]>([
  ['in memory over Redis', { namespace: 'tracked' }],
  ['over the bus', { namespace: 'bus', coherence: 'bus' }],
  ['in Redis alone', { namespace: 'alone', memory: false }],
])('V12: a transaction that is rolled back, %s', (_, options) => {
  it(
    'changes nothing in Redis and nothing in memory',
    async () => {
      await boot(options);
      await readAll();
      const before = await readAll();
      await takeChanges();
      const wrong: string[] = [];
      let operations = 0;
      const random = new SeededRandom(12);
      for (let round = 0; round < TRANSACTIONS; round++) {
        const work = dataSource.transaction(async (manager) => {
          operations += await writeAnything(manager, random);
          throw new Error('changed my mind');
        });
        await expect(work).rejects.toThrow();
        wrong.push(...(await takeChanges()).map((change) => `Redis was told "${change}"`));
        wrong.push(...(await lost()).map((name) => `"${name}" is gone`));
      }
      heroes.calls.length = 0;
      expect(await readAll()).toEqual(before);
      expect(heroes.calls).toEqual([]);
      const violations = wrong.slice(0, 20).map((message) => ({ message, events: [] }));
      await expectKept('V12 rollback purity', TRANSACTIONS, {
        operations,
        violationCount: wrong.length,
        violations,
        bounds: [],
      });
    },
    TIMEOUT_MS,
  );

  it('is told from one that is committed, and a savepoint that is taken back from what is around it', async () => {
    await boot(options);
    await readAll();
    await takeChanges();
    await dataSource.transaction(async (manager) => {
      await manager.update(HeroRow, 1, { age: 7 });
      const inner = manager.transaction(async (savepoint) => {
        await savepoint.update(HeroRow, 2, { age: 7 });
        throw new Error('taken back');
      });
      await inner.catch(() => undefined);
      expect(await takeChanges()).toEqual([]);
    });
    expect(await takeChanges()).not.toEqual([]);
    const gone = await lost();
    expect(gone).toContain('hero:1');
    expect(gone).not.toContain('hero:2');
  });
});
