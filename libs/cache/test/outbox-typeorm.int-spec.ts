import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CacheModule, CacheService, CacheStrategy, unique } from '@nest-strata/cache';
import type { CacheModuleOptions, RepositoryFeature } from '@nest-strata/cache';
import { CACHE_CHANNEL } from '@nest-strata/engine';
import type { CacheEvent } from '@nest-strata/engine';
import { eventually, freePort, RedisServer } from '@nest-strata/testing';
import { Redis } from 'ioredis';
import type { DataSource, EntityManager, EntitySubscriberInterface, Repository } from 'typeorm';
import { EvictionOutboxes } from '../src/outbox/eviction-outboxes.js';
import { HeroDatabase } from './support/heroes/hero-database.js';
import { HeroRowRepository } from './support/heroes/hero-row.repository.js';
import { HeroRow, StoryRow, TopicRow } from './support/heroes/hero.table.js';

/** Without lists, so that what is written down of a hero is short. */
class HeroRowStrategy extends CacheStrategy<HeroRow> {
  readonly entity = HeroRow;
  override readonly name = 'hero';
  readonly ttl = '1h';
  override readonly indexes = { findByName: unique<HeroRow>('name') };

  id(hero: HeroRow): number {
    return hero.id;
  }
}

class StoryRowStrategy extends CacheStrategy<StoryRow> {
  readonly entity = StoryRow;
  override readonly name = 'story';
  readonly ttl = '1h';

  id(story: StoryRow): number {
    return story.id;
  }
}

/** Of a repository that works with something else than TypeORM. */
class ElfStrategy extends CacheStrategy<{ id: number }> {
  readonly entity = 'elf';
  readonly ttl = '1h';

  id(elf: { id: number }): number {
    return elf.id;
  }
}

const HEROES: RepositoryFeature = { repository: HeroRowRepository, strategy: HeroRowStrategy };
const STORIES: RepositoryFeature = { repository: 'StoryRowRepository', strategy: StoryRowStrategy, cache: 'stories' };

let database: HeroDatabase;
let redis: RedisServer;
let dataSource: DataSource;
/** Another program on the same database. */
let outside: DataSource;
const apps: TestingModule[] = [];

beforeAll(async () => {
  [database, redis] = await Promise.all([HeroDatabase.start(), RedisServer.start({ persistent: true })]);
  ({ dataSource, outside } = database);
}, 60_000);

afterAll(async () => {
  await Promise.all([database.stop(), redis.stop()]);
});

beforeEach(async () => {
  await database.seed();
  // The first application creates it.
  await outside.query('DELETE FROM strata_outbox').catch(() => undefined);
  const client = new Redis(redis.url);
  await client.flushall();
  await client.quit();
});

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

interface Booted {
  readonly app: TestingModule;
  readonly cache: CacheService;
  readonly heroes: HeroRowRepository;
  readonly stories: Repository<StoryRow>;
}

async function boot(options: CacheModuleOptions = {}, features = [HEROES, STORIES]): Promise<Booted> {
  // Redis is given time: what these tests leave unconfirmed, they leave so on purpose.
  const settings = {
    namespace: 'shop',
    redis: { url: redis.url, deadline: '2s' },
    outbox: { interval: '100ms' },
  } satisfies CacheModuleOptions;
  const app = await Test.createTestingModule({
    imports: [
      CacheModule.forRoot({ ...settings, caches: { stories: {} }, ...options }),
      CacheModule.forFeature(features),
    ],
    providers: [...database.providers, { provide: 'elves', useValue: { findById: async () => undefined } }],
  })
    .setLogger(false as never)
    .compile();
  apps.push(app);
  await app.init();
  return {
    app,
    cache: app.get(CacheService),
    heroes: app.get(HeroRowRepository),
    stories: app.get('StoryRowRepository'),
  };
}

/** Boots with a Redis that is not there: what is written down stays. */
async function bootWithoutRedis(): Promise<Booted> {
  return boot({ redis: { url: `redis://127.0.0.1:${await freePort()}` } });
}

/** What is written down, a row as `cache: targets`. */
async function written(): Promise<string[]> {
  const rows: { cache: string | null; targets: string[] }[] = await outside.query(
    'SELECT cache, targets FROM strata_outbox',
  );
  return rows.map(({ cache, targets }) => `${cache ?? 'root'}: ${targets.join(' ')}`).sort();
}

/** Ends the grace of what is written down. */
function age(): Promise<unknown> {
  return outside.query(`UPDATE strata_outbox SET created_at = created_at - interval '1 minute'`);
}

const isEmpty = async (): Promise<boolean> => (await written()).length === 0;
const inTransaction = (work: (manager: EntityManager) => Promise<unknown>): Promise<unknown> =>
  dataSource.transaction(work);

describe('an evict that Redis confirms', () => {
  it('is written down by the transaction, carried out once, and deleted', async () => {
    const { heroes, cache } = await boot();
    const evicts: CacheEvent[] = [];
    const listen = (event: unknown): unknown =>
      (event as CacheEvent).type === 'evict' && evicts.push(event as CacheEvent);
    subscribe(CACHE_CHANNEL, listen);
    await heroes.findById(1);
    let inside: string[] = [];
    const spy: EntitySubscriberInterface = {
      afterTransactionCommit: async () => void (inside = await written()),
    };
    dataSource.subscribers.unshift(spy as never);
    try {
      await heroes.save({ id: 1, name: 'Art' });
      expect(await cache.has('hero:1')).toBe(false);
      expect(inside).toEqual(['root: hero:1 hero.findByName:Arthur hero.findByName:Art hero.all']);
      await eventually(isEmpty);
      await sleep(300);

      expect(evicts).toHaveLength(1);
    } finally {
      dataSource.subscribers.shift();
      unsubscribe(CACHE_CHANNEL, listen);
    }
  });

  it('costs a transaction one statement, however many repositories and rows it changes', async () => {
    await boot();
    const queries: string[] = [];
    const spy: EntitySubscriberInterface = { beforeQuery: ({ query }) => void queries.push(query) };
    dataSource.subscribers.push(spy as never);
    try {
      await inTransaction(async (manager) => {
        await manager.save(HeroRow, [
          { id: 1, age: 5 },
          { id: 2, age: 6 },
        ]);
        await manager.save(StoryRow, { id: 1, title: 'The crown' });
      });
      await eventually(isEmpty);
    } finally {
      dataSource.subscribers.pop();
    }

    expect(queries.filter((query) => query.startsWith('INSERT INTO "strata_outbox"'))).toHaveLength(1);
    expect(queries.filter((query) => query.startsWith('DELETE FROM "strata_outbox"'))).toHaveLength(1);
  });
});

describe('an evict is written down by', () => {
  const ONE = 'root: hero:1 hero.findByName:Arthur hero.all';
  const ALL = 'root: hero hero.all';
  const rows = (): Repository<HeroRow> => dataSource.getRepository(HeroRow);
  const german = { language: 'de' as never };
  let app: TestingModule | undefined;

  beforeAll(async () => {
    await bootWithoutRedis();
    app = apps.pop();
  });

  afterAll(async () => {
    await app?.close();
  });

  it.each<[string, () => Promise<unknown>, string[]]>([
    ['save', () => rows().save({ id: 1, ...german }), [ONE]],
    [
      'remove',
      async () => rows().remove(await rows().findOneByOrFail({ id: 2 })),
      ['root: hero:2 hero.findByName:Marie hero.all', 'stories: story story.all'],
    ],
    ['insert', () => rows().insert({ id: 3, name: 'Luc' }), ['root: hero:3 hero.findByName:Luc hero.all']],
    ['upsert', () => rows().upsert({ id: 1, name: 'Arthur', ...german }, ['id']), [ONE]],
    ['update', () => rows().update({ name: 'Arthur' }, german), [ONE]],
    ['increment', () => rows().increment({ id: 1 }, 'age', 1), [ONE]],
    ['delete', () => dataSource.manager.delete(TopicRow, 1), ['stories: story story.all']],
    ['updateAll', () => rows().updateAll(german), [ALL]],
    ['deleteAll', () => rows().deleteAll(), [ALL, 'stories: story story.all']],
    ['clear', () => dataSource.manager.clear(HeroRow, { cascade: true }), [ALL, 'stories: story story.all']],
    [
      'a query builder in a transaction',
      () =>
        inTransaction((manager) => manager.createQueryBuilder().update(HeroRow).set(german).where({ id: 1 }).execute()),
      [ALL],
    ],
    [
      'SQL in a transaction',
      () => inTransaction((manager) => manager.query('UPDATE hero SET age = 1')),
      [ALL, 'stories: story story.all'],
    ],
    ['a write that changes nothing, not', async () => rows().save(await rows().findOneByOrFail({ id: 1 })), []],
    ['a transaction that only reads, not', () => inTransaction((manager) => manager.find(HeroRow)), []],
    ['save without a transaction, not', () => rows().save({ id: 1, ...german }, { transaction: false }), []],
    ['SQL without a transaction, not', () => dataSource.query('UPDATE hero SET age = 1'), []],
  ])('%s', async (_, write, expected) => {
    await write();

    expect(await written()).toEqual(expected);
  });

  it('a subscriber that writes at the last moment', async () => {
    const late: EntitySubscriberInterface = {
      beforeTransactionCommit: async ({ manager }) => {
        await sleep(20);
        await manager.update(HeroRow, 2, german);
      },
    };
    dataSource.subscribers.push(late as never);
    try {
      await inTransaction((manager) => manager.update(HeroRow, 1, german));
    } finally {
      dataSource.subscribers.pop();
    }

    expect(await written()).toEqual(['root: hero:1 hero.findByName:Arthur hero:2 hero.findByName:Marie hero.all']);
  });
});

describe('a rollback', () => {
  const german = { language: 'de' as never };

  it('leaves no row, and sends Redis no write', async () => {
    const { heroes } = await boot();
    await heroes.findById(1);
    const client = new Redis(redis.url);
    const monitor = await client.monitor();
    const commands: string[] = [];
    monitor.on('monitor', (_, command: string[]) => commands.push(command.join(' ')));
    const seen: unknown[] = [];
    const spy: EntitySubscriberInterface = { beforeQuery: ({ query }) => void seen.push(query) };
    dataSource.subscribers.push(spy as never);
    const work = inTransaction(async (manager) => {
      await manager.update(HeroRow, 1, german);
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    await sleep(300);
    dataSource.subscribers.pop();
    monitor.disconnect();
    client.disconnect();

    expect(seen.filter((query) => String(query).startsWith('INSERT'))).toEqual([]);
    expect(await written()).toEqual([]);
    // What the cache does to keep memory coherent goes on.
    expect(commands.filter((command) => command.includes('hero') && !/^touch/i.test(command))).toEqual([]);
  });

  it('to a savepoint leaves what is around it', async () => {
    await bootWithoutRedis();
    await inTransaction(async (manager) => {
      await manager.transaction((inner) => inner.update(StoryRow, 1, { title: 'The crown' }));
      await manager
        .transaction(async (inner) => {
          await inner.update(HeroRow, 1, german);
          throw new Error('taken back');
        })
        .catch(() => undefined);
      expect(await written()).toEqual([]);
    });

    expect(await written()).toEqual(['stories: story:1 story.all']);
  });

  it('by the database, of what the application commits, is what it was', async () => {
    await bootWithoutRedis();
    await inTransaction(async (manager) => {
      await manager.update(HeroRow, 1, german);
      await manager.query('SELECT 1/0').catch(() => undefined);
    });

    expect(await written()).toEqual([]);
    expect(await outside.query('SELECT language FROM hero WHERE id = 1')).toEqual([{ language: 'en' }]);
  });

  it('by a commit that the database refuses leaves no row', async () => {
    await outside.query(`
      CREATE OR REPLACE FUNCTION refuse() RETURNS trigger AS $$ BEGIN RAISE 'refused'; END $$ LANGUAGE plpgsql;
      CREATE CONSTRAINT TRIGGER refused AFTER UPDATE ON hero DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
    `);
    try {
      await bootWithoutRedis();
      await expect(dataSource.getRepository(HeroRow).update(1, german)).rejects.toThrow('refused');

      expect(await written()).toEqual([]);
    } finally {
      await outside.query('DROP TRIGGER refused ON hero; DROP FUNCTION refuse');
    }
  });

  it('follows when the evict cannot be written down', async () => {
    const { heroes } = await boot({ outbox: { table: 'dropped' } });
    await outside.query('DROP TABLE dropped');

    await expect(heroes.save({ id: 1, name: 'Art' })).rejects.toThrow(/relation "dropped" does not exist/);
    expect(await outside.query('SELECT name FROM hero WHERE id = 1')).toEqual([{ name: 'Arthur' }]);
    expect(await heroes.findById(1)).toMatchObject({ name: 'Arthur' });
  });
});

describe('an evict that is left behind', () => {
  const fixture = fileURLToPath(new URL('./fixtures/crashing.app.ts', import.meta.url));

  /** Resolves once the process is killed by itself, between its commit and the evict. */
  async function crash(): Promise<void> {
    const args = ['--conditions=@nest-strata/source', '--import', './tools/dev.mjs', fixture, redis.url, database.url];
    const cwd = fileURLToPath(new URL('../../..', import.meta.url));
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    } finally {
      child.kill('SIGKILL');
    }
  }

  it('by a process that is killed right after its commit is carried out by another', async () => {
    const { heroes, cache } = await boot();
    expect(await heroes.findById(1)).toMatchObject({ name: 'Arthur' });
    await crash();
    expect(await cache.has('hero:1')).toBe(true);
    expect(await written()).toEqual(['root: hero:1 hero.all']);
    expect(await outside.query('SELECT name FROM hero WHERE id = 1')).toEqual([{ name: 'Lancelot' }]);
    await eventually(async () => !(await cache.has('hero:1')), 10_000);

    expect(await heroes.findById(1)).toMatchObject({ name: 'Lancelot' });
    await eventually(isEmpty);
  });

  it('by the only process is carried out when it is started again', async () => {
    const first = await boot();
    expect(await first.heroes.findById(1)).toMatchObject({ name: 'Arthur' });
    await apps.pop()?.close();
    await crash();
    await age();
    const { heroes } = await boot();
    await eventually(isEmpty);

    expect(await heroes.findById(1)).toMatchObject({ name: 'Lancelot' });
  });

  it('because Redis is away stays, and is carried out when Redis is back with its data', async () => {
    const { heroes, cache } = await boot();
    await heroes.findById(1);
    await redis.kill();
    await heroes.save({ id: 1, name: 'Art' });
    await age();
    await sleep(500);
    expect(await written()).toHaveLength(1);
    await redis.restart();
    await eventually(isEmpty);

    expect(await cache.has('hero:1')).toBe(false);
    const other = await boot();
    expect(await other.heroes.findById(1)).toMatchObject({ name: 'Art' });
  });

  it('is carried out before a process ends, however young it is', async () => {
    const { heroes, cache, app } = await boot({ redis: { url: redis.url } });
    await heroes.findById(1);
    redis.pause();
    await heroes.save({ id: 1, name: 'Art' });
    redis.resume();
    expect(await written()).toHaveLength(1);
    await eventually(async () => (await cache.set('something', 1)).stored);
    await app.close();

    expect(await written()).toEqual([]);
  });

  it('by a commit of which no answer came is carried out once more, after it', async () => {
    await outside.query(`
      CREATE OR REPLACE FUNCTION hold() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$ LANGUAGE plpgsql;
      CREATE CONSTRAINT TRIGGER held AFTER UPDATE ON hero DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold();
    `);
    try {
      const { heroes, cache } = await boot();
      await heroes.findById(1);
      const runner = dataSource.createQueryRunner();
      const connection = (await runner.connect()) as { connection: { stream: { destroy(): void } } };
      await runner.startTransaction();
      await runner.manager.update(HeroRow, 1, { name: 'Art' });
      const commit = runner.commitTransaction();
      setTimeout(() => connection.connection.stream.destroy(), 50);
      await expect(commit).rejects.toThrow(/terminated/);
      await runner.release();
      expect(await cache.has('hero:1')).toBe(false);
      expect(await heroes.findById(1)).toMatchObject({ name: 'Arthur' });
      await eventually(async () => (await written()).length === 1);
      await eventually(isEmpty, 10_000);

      expect(await heroes.findById(1)).toMatchObject({ name: 'Art' });
    } finally {
      await outside.query('DROP TRIGGER held ON hero; DROP FUNCTION hold');
    }
  });
});

describe('an application', () => {
  it('does not boot when the table cannot be used', async () => {
    await outside.query('CREATE TABLE not_an_outbox (id int)');

    await expect(boot({ outbox: { table: 'not_an_outbox' } })).rejects.toThrow(
      /The table not_an_outbox of the cache's outbox cannot be used/,
    );
  });

  it('is told at boot of repositories that the outbox does not cover', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    await boot({}, [HEROES, { repository: 'elves', strategy: ElfStrategy }]);
    const warned = warn.mock.calls.filter(([message]) => String(message).includes('outbox'));
    warn.mockRestore();

    expect(warned).toEqual([[expect.stringContaining('does not cover'), { repository: 'elves' }]]);
  });

  it('is told once of writes that the outbox does not cover', async () => {
    await boot();
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const rows = dataSource.getRepository(HeroRow);
    await rows.save({ id: 1, age: 3 });
    expect(warn).not.toHaveBeenCalled();
    for (const age of [1, 2]) await rows.save({ id: 1, age }, { transaction: false });
    const warned = warn.mock.calls.map(([message]) => String(message));
    warn.mockRestore();

    expect(warned).toEqual([expect.stringContaining('outside of a transaction is not covered by the outbox')]);
  });

  it('has no outbox without Redis', async () => {
    const { app, heroes } = await boot({ redis: undefined as never, outbox: { table: 'not_needed' } });
    await heroes.save({ id: 1, name: 'Art' });

    expect(app.get(EvictionOutboxes).of(dataSource as never)).toBeUndefined();
    expect(await outside.query(`SELECT to_regclass('not_needed') AS found`)).toEqual([{ found: null }]);
  });
});
