import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CacheModule, CacheService, InvalidCacheStrategyError } from '@nest-strata/cache';
import type { CacheModuleOptions, CacheStrategy } from '@nest-strata/cache';
import { eventually, RedisServer } from '@nest-strata/testing';
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
