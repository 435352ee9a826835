import { Injectable, Module } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CacheModule, CacheService, InvalidCacheStrategyError, QueuedWriteError } from '@nest-strata/cache';
import type { CacheModuleOptions, CacheStrategy } from '@nest-strata/cache';
import { eventually, Gate, RedisServer } from '@nest-strata/testing';
import { HeroCacheStrategy } from './support/heroes/hero-cache.strategy.js';
import { Hero, Language } from './support/heroes/hero.js';
import { MemoryHeroRepository } from './support/heroes/memory-hero.repository.js';

const ARTHUR = { id: 1, name: 'Arthur', language: Language.English, powers: ['sword'] };
const RENAMED = new Hero({ ...ARTHUR, name: 'King Arthur' });

@Injectable()
class ThroughStrategy extends HeroCacheStrategy {
  override readonly write = 'through';
}

@Injectable()
class BehindStrategy extends HeroCacheStrategy {
  override readonly write = 'behind';
  override readonly writeBehind = { interval: '50ms', retryDelay: '20ms' } as const;
}

const apps: TestingModule[] = [];
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis.stop());

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function boot(
  strategy: new () => CacheStrategy<Hero>,
  options: CacheModuleOptions,
  repository: new () => object = MemoryHeroRepository,
): Promise<TestingModule> {
  const app = await Test.createTestingModule({
    imports: [CacheModule.forRoot(options), CacheModule.forFeature([{ repository, strategy }])],
    providers: [repository],
  })
    .setLogger(false as never)
    .compile();
  await app.init();
  apps.push(app);
  await app.get(CacheService).clear();
  return app;
}

function heroesOf(app: TestingModule): MemoryHeroRepository {
  const heroes = app.get(MemoryHeroRepository);
  heroes.rows.set(ARTHUR.id, ARTHUR);
  return heroes;
}

describe.each<[string, () => CacheModuleOptions]>([
  ['in memory', () => ({})],
  ['over Redis', () => ({ namespace: `writes-${String(apps.length)}`, redis: { url: redis.url, deadline: '2s' } })],
])('a repository that writes through, %s', (_, optionsOf) => {
  it('has the entity cached as it is once save returns, and evicts the lists that it was in', async () => {
    const heroes = heroesOf(await boot(ThroughStrategy, optionsOf()));
    expect((await heroes.findByName('Arthur'))?.name).toBe('Arthur');
    await heroes.save(RENAMED);
    heroes.takeCalls();
    expect((await heroes.findById(1))?.name).toBe('King Arthur');
    expect(heroes.takeCalls()).toEqual([]);
    expect(await heroes.findByName('Arthur')).toBeUndefined();
  });

  it('knows that a removed entity is gone', async () => {
    const heroes = heroesOf(await boot(ThroughStrategy, optionsOf()));
    await heroes.findById(1);
    await heroes.delete(1);
    expect(await heroes.findById(1)).toBeNull();
  });
});

/** Saves an entity so that it waits: one before it makes the queue wait for its interval. */
async function queueSave(heroes: MemoryHeroRepository, name: string): Promise<void> {
  await heroes.save(new Hero({ ...ARTHUR, name: 'First' }));
  await eventually(() => heroes.rows.get(1)?.name === 'First');
  await heroes.save(new Hero({ ...ARTHUR, name }));
}

describe.each<[string, () => CacheModuleOptions]>([
  ['in memory', () => ({})],
  ['over Redis', () => ({ namespace: 'behind', redis: { url: redis.url, deadline: '2s' } })],
])('a repository that writes behind, %s', (_, optionsOf) => {
  it('shows a saved entity at once and has it in the database a moment later', async () => {
    const heroes = heroesOf(await boot(BehindStrategy, optionsOf()));
    await heroes.findById(1);
    heroes.takeCalls();
    const saved = await heroes.save(RENAMED);
    expect(saved).toBe(RENAMED);
    expect((await heroes.findById(1))?.name).toBe('King Arthur');
    await eventually(() => heroes.rows.get(1)?.name === 'King Arthur');
    expect((await heroes.findById(1))?.name).toBe('King Arthur');
    expect((await heroes.findByName('King Arthur'))?.id).toBe(1);
  });

  it('loads what was accepted and is not in the database yet from the queue', async () => {
    const app = await boot(BehindStrategy, optionsOf());
    const heroes = heroesOf(app);
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    heroes.beforeRows = () => held;
    await heroes.save(RENAMED);
    await app.get(CacheService).clear();
    expect((await heroes.findById(1))?.name).toBe('King Arthur');
    expect((await heroes.findByIds([1])).map(({ name }) => name)).toEqual(['King Arthur']);
    letGo();
    await eventually(() => heroes.rows.get(1)?.name === 'King Arthur');
  });

  it('writes several saves of an entity as one, the last', async () => {
    const heroes = heroesOf(await boot(BehindStrategy, optionsOf()));
    heroes.takeCalls();
    for (let round = 1; round <= 5; round++)
      await heroes.save(new Hero({ ...ARTHUR, name: `Arthur ${String(round)}` }));
    await eventually(() => heroes.rows.get(1)?.name === 'Arthur 5');
    expect(heroes.takeCalls().filter((call) => call === 'save 1').length).toBeLessThan(5);
  });

  it('writes what waits before it ends', async () => {
    const app = await boot(BehindStrategy, optionsOf());
    const heroes = heroesOf(app);
    await heroes.save(RENAMED);
    await app.close();
    apps.splice(0);
    expect(heroes.rows.get(1)?.name).toBe('King Arthur');
  });

  it('writes what waits while other providers still have their database', async () => {
    @Injectable()
    class ClosingRepository extends MemoryHeroRepository implements OnApplicationShutdown {
      onApplicationShutdown(): void {
        this.beforeRows = () => Promise.reject(new Error('the database is closed'));
      }
    }
    const app = await boot(BehindStrategy, optionsOf(), ClosingRepository);
    const heroes = app.get(ClosingRepository);
    await queueSave(heroes, 'Queued');
    await app.close();
    expect(heroes.rows.get(1)?.name).toBe('Queued');
  });

  it.each<[string, (heroes: MemoryHeroRepository) => Promise<unknown>, string | undefined]>([
    ['a removal', (heroes) => heroes.delete(1), undefined],
    ['an update', (heroes) => heroes.update(1, { name: 'Newest' }), 'Newest'],
    ['a save of many', (heroes) => heroes.saveMany([new Hero({ ...ARTHUR, name: 'Newest' })]), 'Newest'],
    ['a write of which nobody knows what it changes', (heroes) => heroes.rename('Queued', 'Newest'), 'Newest'],
  ])('undoes %s with nothing that was saved before it', async (_what, write, name) => {
    const app = await boot(BehindStrategy, optionsOf());
    const heroes = heroesOf(app);
    await queueSave(heroes, 'Queued');
    await write(heroes);
    expect(heroes.rows.get(1)?.name).toBe(name);
    expect((await heroes.findById(1))?.name).toBe(name);
    await app.close();
    expect(heroes.rows.get(1)?.name).toBe(name);
  });

  it('lets a write of other entities pass', async () => {
    const heroes = heroesOf(await boot(BehindStrategy, optionsOf()));
    const gate = new Gate();
    heroes.rows.set(2, { ...ARTHUR, id: 2 });
    heroes.beforeRows = () => (heroes.calls.at(-1) === 'save 1' ? gate.pass() : Promise.resolve());
    await heroes.save(RENAMED);
    await gate.arrival();
    await heroes.delete(2);
    expect([...heroes.rows.values()].map(({ name }) => name)).toEqual(['Arthur']);
    gate.open();
  });

  it('undoes a save that the queue refuses with no older one', async () => {
    const options = { ...optionsOf(), limits: { maxValueBytes: 2_000 } };
    const app = await boot(BehindStrategy, options);
    const heroes = heroesOf(app);
    await queueSave(heroes, 'Queued');
    await heroes.save(new Hero({ ...ARTHUR, name: 'Large', powers: ['x'.repeat(5_000)] }));
    expect(heroes.rows.get(1)?.name).toBe('Large');
    await app.close();
    expect(heroes.rows.get(1)?.name).toBe('Large');
  });

  it('writes by methods that call others of the repository', async () => {
    @Injectable()
    class NestedRepository extends MemoryHeroRepository {
      override async save(hero: Hero): Promise<Hero> {
        await this.saveMany([hero]);
        return hero;
      }
    }
    const app = await boot(BehindStrategy, optionsOf(), NestedRepository);
    const heroes = app.get(NestedRepository);
    await heroes.save(RENAMED);
    await heroes.saveMany([new Hero({ ...ARTHUR, name: 'Newest' })]);
    expect(heroes.takeCalls().filter((call) => call === 'saveMany')).toHaveLength(2);
    expect(heroes.rows.get(1)?.name).toBe('Newest');
  });

  it('has one queue for a repository that several modules provide', async () => {
    const rows = new Map<number, Hero>();
    @Injectable()
    class SharedRepository extends MemoryHeroRepository {
      override readonly rows = rows;
    }
    @Module({ providers: [SharedRepository] })
    class OneModule {}
    @Module({ providers: [SharedRepository] })
    class OtherModule {}
    const features = [{ repository: SharedRepository, strategy: BehindStrategy }];
    const app = await Test.createTestingModule({
      imports: [CacheModule.forRoot(optionsOf()), OneModule, OtherModule, CacheModule.forFeature(features)],
    })
      .setLogger(false as never)
      .compile();
    apps.push(app);
    await app.init();
    for (const module of [OneModule, OtherModule]) {
      const heroes = app.select(module).get(SharedRepository, { strict: true });
      await queueSave(heroes, `Queued by ${module.name}`);
      await app.get(CacheService).clear();
      expect((await heroes.findById(1))?.name).toBe(`Queued by ${module.name}`);
    }
  });
});

describe('a repository that writes behind while Redis is away', () => {
  it('fails to write what an older value in the queue could undo, and says what to do', async () => {
    const server = await RedisServer.start();
    const app = await boot(BehindStrategy, { namespace: 'away', redis: { url: server.url, deadline: '100ms' } });
    const heroes = heroesOf(app);
    await server.stop();
    await expect(heroes.delete(1)).rejects.toThrow(QueuedWriteError);
    await expect(heroes.save(RENAMED)).rejects.toThrow(/hero:1 .*again/s);
    expect(heroes.rows.get(1)?.name).toBe('Arthur');
    expect((await heroes.findById(1))?.name).toBe('Arthur');
  });
});

describe('the boot fails', () => {
  it('when nothing could be written so', async () => {
    @Injectable()
    class ReadOnlyRepository {
      findByName = async (): Promise<Hero | undefined> => undefined;
      findByLanguage = async (): Promise<Hero[]> => [];
      findByPower = async (): Promise<Hero[]> => [];
      findByNameAndLanguage = async (): Promise<Hero[]> => [];
      rename = async (): Promise<void> => undefined;
    }
    @Injectable()
    class OddStrategy extends HeroCacheStrategy {
      override readonly write = 'around' as never;
    }
    await expect(boot(BehindStrategy, {}, ReadOnlyRepository)).rejects.toThrow(InvalidCacheStrategyError);
    await expect(boot(ThroughStrategy, {}, ReadOnlyRepository)).rejects.toThrow(
      'no method of the repository reads by id',
    );
    await expect(boot(OddStrategy, {})).rejects.toThrow("write is \"around\"; write 'evict', 'through', 'behind'");
  });
});

describe('an entity with a version', () => {
  it('is never replaced in its own entry by an older one', async () => {
    const versions = new Map([[1, 5]]);
    @Injectable()
    class VersionedStrategy extends HeroCacheStrategy {
      override version(hero: Hero): number {
        return versions.get(hero.id) ?? 0;
      }
    }
    const app = await boot(VersionedStrategy, { namespace: 'versions', redis: { url: redis.url, deadline: '2s' } });
    const heroes = heroesOf(app);
    await heroes.findById(1);
    const cache = app.get(CacheService);
    expect(await cache.set('hero:1', { ...ARTHUR, name: 'Older' }, { version: 4 })).toMatchObject({
      reason: 'older-version',
    });
    expect((await heroes.findById(1))?.name).toBe('Arthur');
  });
});
