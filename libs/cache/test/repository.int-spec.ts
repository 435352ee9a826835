import { Injectable, Module, Scope } from '@nestjs/common';
import type { DynamicModule, OnModuleInit, Provider } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  CachedRepository,
  CacheModule,
  CacheService,
  CacheStrategy,
  DuplicateCacheStrategyError,
  getCachedRepositoryToken,
  InjectCachedRepository,
  InvalidCacheStrategyError,
  list,
  UncacheableRepositoryError,
} from '@nest-strata/cache';
import type { CacheModuleOptions, RepositoryFeature } from '@nest-strata/cache';
import { eventually, RedisServer } from '@nest-strata/testing';
import { HeroCacheStrategy } from './support/heroes/hero-cache.strategy.js';
import { Hero, Language } from './support/heroes/hero.js';
import { MemoryHeroRepository } from './support/heroes/memory-hero.repository.js';

const HEROES: RepositoryFeature = { repository: MemoryHeroRepository, strategy: HeroCacheStrategy };
const ARTHUR = { id: 1, name: 'Arthur', language: Language.English, powers: ['sword'] };
const MARIE = { id: 2, name: 'Marie', language: Language.French, powers: ['radium', 'patience'] };

const apps: TestingModule[] = [];
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(async () => {
  await redis.stop();
});

afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

interface Surroundings {
  readonly options?: CacheModuleOptions;
  readonly features?: RepositoryFeature[];
  readonly providers?: Provider[];
  readonly imports?: (DynamicModule | (new () => object))[];
}

async function boot({
  options = {},
  features = [HEROES],
  providers = [MemoryHeroRepository],
  imports = [],
}: Surroundings = {}): Promise<TestingModule> {
  const app = await Test.createTestingModule({
    imports: [...imports, CacheModule.forRoot(options), CacheModule.forFeature(features)],
    providers,
  })
    .setLogger(false as never)
    .compile();
  apps.push(app);
  return app.init();
}

function heroesOf(app: TestingModule): MemoryHeroRepository {
  const heroes = app.get(MemoryHeroRepository);
  for (const row of [ARTHUR, MARIE]) heroes.rows.set(row.id, row);
  return heroes;
}

describe.each<[string, () => CacheModuleOptions]>([
  ['in memory', () => ({})],
  ['in memory over Redis', () => ({ namespace: 'both', redis: { url: redis.url } })],
  ['in Redis', () => ({ namespace: 'redis', memory: false, redis: { url: redis.url } })],
])('a repository cached %s', (_, optionsOf) => {
  const boots = async (): Promise<MemoryHeroRepository> => {
    const app = await boot({ options: optionsOf() });
    await app.get(CacheService).clear();
    return heroesOf(app);
  };

  it('is asked no more for what it was asked', async () => {
    const heroes = await boots();
    const hasRedis = optionsOf().redis !== undefined;
    const ask = async (): Promise<unknown[]> => [
      await heroes.findById(1),
      await heroes.findById(9),
      await heroes.findByIds([2, 1, 9, 8]),
      await heroes.findByName('Marie'),
      await heroes.findByName('Nobody'),
      await heroes.findByLanguage(Language.French),
      await heroes.findByPower('radium'),
      await heroes.findByNameAndLanguage('Arthur', Language.English),
      await heroes.findAll(),
    ];
    const answers = [
      ...[new Hero(ARTHUR), null, [new Hero(MARIE), new Hero(ARTHUR)], new Hero(MARIE), undefined],
      ...[[new Hero(MARIE)], [new Hero(MARIE)], [new Hero(ARTHUR)], [new Hero(ARTHUR), new Hero(MARIE)]],
    ];

    expect(await ask()).toEqual(answers);
    // A list with entities that Redis meets for the first time is stored from its second load on.
    if (hasRedis) await ask();
    heroes.takeCalls();
    const again = await ask();
    expect(again).toEqual(answers);
    expect(again[0]).toBeInstanceOf(Hero);
    expect(heroes.takeCalls()).toEqual([]);
  });

  it('is read and saved by services that know nothing of the cache', async () => {
    const heroes = await boots();
    await heroes.findByLanguage(Language.English);
    const hero = (await heroes.findById(1)) as Hero;
    hero.name = 'Art';
    hero.powers.push('crown');
    await heroes.save(hero);

    expect(await heroes.findById(1)).toMatchObject({ name: 'Art', powers: ['sword', 'crown'] });
    expect((await heroes.findByLanguage(Language.English))[0]?.name).toBe('Art');
    expect(await heroes.findByName('Arthur')).toBeUndefined();
  });

  it.each<[string, (heroes: MemoryHeroRepository) => Promise<unknown>, string[]]>([
    ['update', (heroes) => heroes.update(1, { language: Language.German }), ['findById 1', 'en', 'de', 'all']],
    ['save', (heroes) => heroes.save({ ...ARTHUR, language: Language.French }), ['findById 1', 'en', 'fr', 'all']],
    ['delete', (heroes) => heroes.delete(1), ['findById 1', 'en', 'all']],
    ['create', (heroes) => heroes.create({ name: 'Luc', language: Language.French }), ['fr', 'all']],
    [
      'saveMany',
      (heroes) => heroes.saveMany([ARTHUR, { ...MARIE, language: Language.English }]),
      ['findById 1', 'findById 2', 'en', 'fr', 'all'],
    ],
    [
      'a write of unknown rows',
      (heroes) => heroes.rename('Marie', 'Maria'),
      ['findById 1', 'findById 2', 'en', 'fr', 'de', 'all'],
    ],
  ])('loses exactly what %s changes', async (__, write, lost) => {
    const heroes = await boots();
    const reads: Record<string, () => Promise<unknown>> = {
      'findById 1': () => heroes.findById(1),
      'findById 2': () => heroes.findById(2),
      en: () => heroes.findByLanguage(Language.English),
      fr: () => heroes.findByLanguage(Language.French),
      de: () => heroes.findByLanguage(Language.German),
      all: () => heroes.findAll(),
    };
    for (const read of Object.values(reads)) await read();
    await write(heroes);
    const asked: string[] = [];
    for (const [name, read] of Object.entries(reads)) {
      heroes.takeCalls();
      await read();
      if (heroes.takeCalls().length > 0) asked.push(name);
    }

    expect(asked).toEqual(lost);
  });

  it('is asked anew for one that was not there and is created', async () => {
    const heroes = await boots();
    expect(await heroes.findById(3)).toBeNull();
    expect(await heroes.findByIds([3])).toEqual([]);
    expect(await heroes.findByName('Luc')).toBeUndefined();
    await heroes.create({ name: 'Luc', language: Language.French });

    expect(await heroes.findById(3)).toMatchObject({ name: 'Luc' });
    expect(await heroes.findByIds([3])).toHaveLength(1);
    expect(await heroes.findByName('Luc')).toMatchObject({ id: 3 });
  });

  it('does not keep an old row that was read while it was changed', async () => {
    const heroes = await boots();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    heroes.afterRows = () => gate;
    const old = heroes.findByLanguage(Language.English);
    await eventually(() => heroes.calls.includes('findByLanguage en'));
    heroes.afterRows = () => Promise.resolve();
    await heroes.update(1, { language: Language.French });
    release();

    expect(await old).toHaveLength(1);
    expect(await heroes.findByLanguage(Language.English)).toEqual([]);
  });

  it('never leaves a list stale when two writes that started from the same row pass each other', async () => {
    const heroes = await boots();
    await heroes.findByLanguage(Language.French);
    const gates: (() => void)[] = [];
    heroes.beforeRows = () =>
      heroes.calls.at(-1)?.startsWith('update') ? new Promise((resolve) => gates.push(resolve)) : Promise.resolve();
    const toFrench = heroes.update(1, { language: Language.French });
    const toGerman = heroes.update(1, { language: Language.German });
    await eventually(() => gates.length === 2);
    gates[0]?.();
    await toFrench;
    expect(await heroes.findByLanguage(Language.French)).toHaveLength(2);
    gates[1]?.();
    await toGerman;

    expect((await heroes.findByLanguage(Language.French)).map(({ id }) => id)).toEqual([2]);
    expect((await heroes.findByLanguage(Language.German)).map(({ id }) => id)).toEqual([1]);
  });
});

describe('a cached repository', () => {
  it('gives its own errors to its callers', async () => {
    const heroes = heroesOf(await boot());
    const error = new Error('connection terminated');
    heroes.beforeRows = () => Promise.reject(error);

    await expect(heroes.findById(1)).rejects.toBe(error);
    await expect(heroes.save(ARTHUR)).rejects.toBe(error);
  });

  it('behaves inside as it was written: a write starts from the row, not from the cache', async () => {
    const heroes = heroesOf(await boot());
    await heroes.findById(1);
    heroes.rows.set(1, { ...ARTHUR, name: 'changed past the repository' });
    await heroes.update(1, { language: Language.German });

    expect(await heroes.findById(1)).toMatchObject({ name: 'changed past the repository' });
  });

  it('does not wait for itself where one read is made of another', async () => {
    class Chained extends MemoryHeroRepository {
      override async findById(id: number): Promise<Hero | null> {
        return (await this.findByIds([id]))[0] ?? null;
      }
    }
    const app = await boot({ providers: [{ provide: MemoryHeroRepository, useClass: Chained }] });

    expect(await heroesOf(app).findById(1)).toEqual(new Hero(ARTHUR));
  });

  it('is asked for what is not declared: other methods, other arguments', async () => {
    const heroes = heroesOf(await boot());
    for (let times = 0; times < 2; times++) {
      expect(await heroes.findAll({ limit: 1 })).toHaveLength(1);
      expect(await heroes.findById([1] as never)).toBeNull();
      await heroes.findByIds([]);
      await heroes.findById(...([1, 'fresh'] as unknown as [number]));
      await heroes.findByLanguage(undefined as never);
    }

    expect(heroes.takeCalls()).toHaveLength(10);
  });

  it('takes an argument that is undefined for one that was not given', async () => {
    const heroes = heroesOf(await boot());
    await heroes.findAll(undefined);
    await heroes.findAll();

    expect(heroes.takeCalls()).toEqual(['findAll']);
  });

  it('is cached from the first hook of the modules on', async () => {
    @Injectable()
    class Greeter implements OnModuleInit {
      calls: string[] = [];

      constructor(private readonly heroes: MemoryHeroRepository) {}

      async onModuleInit(): Promise<void> {
        await this.heroes.findAll();
        await this.heroes.findAll();
        this.calls = this.heroes.takeCalls();
      }
    }
    @Module({ providers: [MemoryHeroRepository, Greeter], exports: [Greeter, MemoryHeroRepository] })
    class GreeterModule {}
    @Module({ imports: [GreeterModule] })
    class MiddleModule {}
    const app = await boot({ providers: [], imports: [MiddleModule] });

    expect(app.get(Greeter, { strict: false }).calls).toEqual(['findAll']);
  });

  it('is the one behind every token and in every module', async () => {
    abstract class Heroes {
      abstract findById(id: number): Promise<Hero | null>;
    }
    @Module({ providers: [MemoryHeroRepository], exports: [MemoryHeroRepository] })
    class OtherModule {}
    const app = await boot({
      imports: [OtherModule],
      providers: [
        { provide: Heroes, useClass: MemoryHeroRepository },
        { provide: 'HEROES', useExisting: Heroes },
      ],
      features: [{ repository: Heroes, strategy: HeroCacheStrategy }],
    });
    const heroes = app.get<MemoryHeroRepository>('HEROES');
    await heroes.findById(1);
    await app.get(Heroes).findById(1);

    expect(heroes.calls).toEqual(['findById 1']);
    expect(app.get(MemoryHeroRepository)).not.toBe(heroes);
  });

  it('is cached in each module that provides it', async () => {
    @Injectable()
    class Here {
      constructor(readonly heroes: MemoryHeroRepository) {}
    }
    @Injectable()
    class There {
      constructor(readonly heroes: MemoryHeroRepository) {}
    }
    @Module({ providers: [MemoryHeroRepository, There], exports: [There] })
    class OtherModule {}
    const app = await boot({ imports: [OtherModule], providers: [MemoryHeroRepository, Here] });
    const [here, there] = [app.get(Here).heroes, app.get(There).heroes];
    here.rows.set(1, ARTHUR);
    await here.findById(1);

    expect(there).not.toBe(here);
    expect(await there.findById(1)).toEqual(new Hero(ARTHUR));
    expect(there.calls).toEqual([]);
  });

  it('can be a mock of a test, which still counts its calls', async () => {
    const findById = jest.fn(async (id: number) => new Hero({ ...ARTHUR, id }));
    const fake = { findById, findByName: jest.fn(), findByLanguage: jest.fn() };
    class OfFake extends HeroCacheStrategy {
      override readonly lists = {} as never;
      override readonly writes = {} as never;
    }
    await boot({
      providers: [{ provide: 'HEROES', useValue: fake }],
      features: [{ repository: 'HEROES', strategy: OfFake }],
    });
    await fake.findById(1);
    await fake.findById(1);

    expect(fake.findById).toHaveBeenCalledTimes(1);
    expect(findById).toHaveBeenCalledWith(1);
  });

  it('has its own methods back when the application is closed', async () => {
    const heroes = new MemoryHeroRepository();
    const app = await boot({ providers: [{ provide: MemoryHeroRepository, useValue: heroes }] });
    await heroes.findById(1);
    await heroes.findById(1);
    await app.close();
    await heroes.findById(1);

    expect(heroes.calls).toHaveLength(2);
    expect(Object.keys(heroes)).not.toContain('findById');
  });
});

describe('CachedRepository', () => {
  it('is injected where its feature is imported, to invalidate and to count', async () => {
    @Injectable()
    class Importer {
      constructor(@InjectCachedRepository(MemoryHeroRepository) readonly cached: CachedRepository<Hero>) {}
    }
    const app = await boot({ providers: [MemoryHeroRepository, Importer] });
    const heroes = heroesOf(app);
    const { cached } = app.get(Importer);
    await heroes.findById(1);
    await heroes.findByLanguage(Language.French);
    heroes.rows.set(1, { ...ARTHUR, language: Language.French });
    expect(await cached.invalidate(1)).toMatchObject({ confirmed: true });

    expect(await heroes.findById(1)).toMatchObject({ language: Language.French });
    expect(await heroes.findByLanguage(Language.French)).toHaveLength(2);
    await heroes.findById(1);
    expect(cached.stats()).toMatchObject({ hits: 1, misses: 4, invalidations: 1, fullInvalidations: 0 });
  });

  it('keeps entities in a named cache where the feature says so', async () => {
    const app = await boot({
      options: { caches: { heroes: { ttl: '5m' } } },
      features: [{ ...HEROES, cache: 'heroes' }],
    });
    await heroesOf(app).findById(1);

    expect(await app.get(CacheService).has('hero:1')).toBe(false);
    expect(app.get<CacheService>('CacheService:heroes').stats().sets).toBe(1);
  });

  it('keeps entities in a named cache that a module declares later', async () => {
    @Module({ imports: [CacheModule.forFeature([{ ...HEROES, cache: 'heroes' }])], providers: [MemoryHeroRepository] })
    class HeroesModule {}
    const app = await boot({
      imports: [HeroesModule, CacheModule.forFeature([{ cache: 'heroes', ttl: '5m' }])],
      features: [],
      providers: [],
    });
    const heroes = app.get(MemoryHeroRepository, { strict: false });
    await heroes.findById(1);
    await heroes.findByIds([1]);
    await heroes.save(ARTHUR);

    expect(app.get<CacheService>('CacheService:heroes').stats().sets).toBe(2);
    expect(await heroes.findById(1)).toMatchObject(ARTHUR);
  });

  it('keeps entities for the ttl of the strategy, unless the settings name another', async () => {
    const own = await boot();
    await heroesOf(own).findById(1);
    const set = await boot({ options: { ttls: { HERO: '10m' } } });
    await heroesOf(set).findById(1);

    expect(await own.get(CacheService).ttl('hero:1')).toBeGreaterThan(3_500_000);
    expect(await set.get(CacheService).ttl('hero:1')).toBeLessThanOrEqual(600_000);
  });

  it('lets other entries be invalidated with the entities that they were made of', async () => {
    const app = await boot();
    const cache = app.get(CacheService);
    const heroes = heroesOf(app);
    await cache.set('greetings', 'Hello Arthur', { tags: ['hero.all'] });
    await heroes.update(1, { name: 'Art' });
    expect(await cache.get('greetings')).toBeUndefined();

    await cache.set('greetings', 'Hello Art', { tags: ['hero.all'] });
    await heroes.rename('Art', 'Arthur');
    expect(await cache.get('greetings')).toBeUndefined();
  });

  it('is shared by the processes on one Redis', async () => {
    const options = { namespace: 'shared', memory: false, redis: { url: redis.url } } as const;
    const [one, other] = [heroesOf(await boot({ options })), heroesOf(await boot({ options }))];
    await one.findById(1);
    await one.findByLanguage(Language.English);
    expect(await other.findByLanguage(Language.English)).toEqual([new Hero(ARTHUR)]);
    expect(other.takeCalls()).toEqual([]);
    other.rows.set(1, { ...ARTHUR, language: Language.German });
    await one.update(1, { language: Language.German });

    expect(await other.findByLanguage(Language.English)).toEqual([]);
    expect(other.takeCalls()).toEqual(['findByLanguage en']);
  });

  it('is not missed while Redis is away', async () => {
    await using own = await RedisServer.start();
    const heroes = heroesOf(await boot({ options: { namespace: 'away', memory: false, redis: { url: own.url } } }));
    await heroes.findById(1);
    await own.stop();

    expect(await heroes.findById(1)).toEqual(new Hero(ARTHUR));
    expect(await heroes.findByIds([1, 2])).toHaveLength(2);
    await heroes.update(1, { name: 'Art' });
    expect(await heroes.findById(1)).toMatchObject({ name: 'Art' });
  });
});

describe('the boot fails', () => {
  class Villain {
    id = 0;
  }
  class VillainStrategy extends CacheStrategy<Villain> {
    readonly entity = Villain;
    readonly ttl = '1h';
    id(villain: Villain): number {
      return villain.id;
    }
  }
  class SecondHeroStrategy extends HeroCacheStrategy {}
  class MisspeltStrategy extends HeroCacheStrategy {
    override readonly lists = { findByLanguge: list<Hero>('language') } as never;
    override readonly writes = { renam: 'everything' } as never;
  }
  class BareNumberStrategy extends HeroCacheStrategy {
    override readonly ttl = 3600 as never;
  }
  @Injectable({ scope: Scope.REQUEST })
  class RequestHeroRepository extends MemoryHeroRepository {}
  @Injectable({ scope: Scope.TRANSIENT })
  class TransientHeroRepository extends MemoryHeroRepository {}
  class VillainRepository {
    async findById(): Promise<null> {
      return null;
    }
  }

  it.each<[string, Surroundings, { readonly prototype: Error }, RegExp]>([
    [
      'when no module provides the repository',
      { providers: [{ provide: 'MemoryHeroRepo', useClass: MemoryHeroRepository }] },
      UncacheableRepositoryError,
      /MemoryHeroRepository cannot be cached: no module provides it.*Did you mean MemoryHeroRepo\?/,
    ],
    [
      'when the repository is made for each request',
      { providers: [{ provide: MemoryHeroRepository, useClass: RequestHeroRepository, scope: Scope.REQUEST }] },
      UncacheableRepositoryError,
      /made anew for each request/,
    ],
    [
      'when the repository is transient',
      {
        providers: [TransientHeroRepository],
        features: [{ repository: TransientHeroRepository, strategy: HeroCacheStrategy }],
      },
      UncacheableRepositoryError,
      /transient/,
    ],
    [
      'when what is provided is no object',
      { providers: [{ provide: MemoryHeroRepository, useValue: 'heroes' }] },
      UncacheableRepositoryError,
      /no object with methods/,
    ],
    [
      'when the object is frozen',
      { providers: [{ provide: MemoryHeroRepository, useValue: Object.freeze(new MemoryHeroRepository()) }] },
      UncacheableRepositoryError,
      /frozen/,
    ],
    [
      'when the token is undefined',
      { features: [{ repository: undefined as never, strategy: HeroCacheStrategy }] },
      UncacheableRepositoryError,
      /token is undefined. Do two files import each other/,
    ],
    [
      'when there is no strategy',
      { features: [{ repository: MemoryHeroRepository } as RepositoryFeature] },
      InvalidCacheStrategyError,
      /The strategy for MemoryHeroRepository.*\n.*extends CacheStrategy/,
    ],
    [
      'when an option is unknown',
      { features: [{ ...HEROES, cahce: 'heroes' } as RepositoryFeature] },
      InvalidCacheStrategyError,
      /The feature for MemoryHeroRepository.*\n.*cahce is unknown; did you mean 'cache'/,
    ],
    [
      'when two strategies are for one repository',
      { features: [HEROES, { repository: MemoryHeroRepository, strategy: VillainStrategy }] },
      DuplicateCacheStrategyError,
      /HeroCacheStrategy and VillainStrategy are both for the repository MemoryHeroRepository/,
    ],
    [
      'when two modules give one repository strategies',
      { imports: [CacheModule.forFeature([{ repository: MemoryHeroRepository, strategy: VillainStrategy }])] },
      DuplicateCacheStrategyError,
      /both for the repository MemoryHeroRepository/,
    ],
    [
      'when two strategies are for one entity',
      {
        providers: [MemoryHeroRepository, VillainRepository],
        features: [HEROES, { repository: VillainRepository, strategy: SecondHeroStrategy }],
      },
      DuplicateCacheStrategyError,
      /both for the entity 'hero'.*Set `name`/,
    ],
    [
      'when declared methods do not exist',
      { features: [{ repository: MemoryHeroRepository, strategy: MisspeltStrategy }] },
      InvalidCacheStrategyError,
      /MisspeltStrategy for MemoryHeroRepository[^]*findByLanguge; did you mean 'findByLanguage'[^]*renam; did you mean 'rename'/,
    ],
    [
      'when the ttl is a bare number',
      { features: [{ repository: MemoryHeroRepository, strategy: BareNumberStrategy }] },
      InvalidCacheStrategyError,
      /ttl is 3600/,
    ],
    [
      'when the cache is not declared',
      { features: [{ ...HEROES, cache: 'heros' }] },
      InvalidCacheStrategyError,
      /there is no cache 'heros'/,
    ],
  ])('%s', async (_, surroundings, type, message) => {
    const error: unknown = await boot(surroundings).catch((reason: unknown) => reason);

    expect(Object.getPrototypeOf(error)).toBe(type.prototype);
    expect((error as Error).message).toMatch(message);
  });

  it('and leaves the repositories as they were', async () => {
    const heroes = new MemoryHeroRepository();
    const providers = [{ provide: MemoryHeroRepository, useValue: heroes }];
    const features = [HEROES, { repository: VillainRepository, strategy: VillainStrategy }];
    await expect(boot({ providers, features })).rejects.toThrow(/VillainRepository cannot be cached/);

    expect(Object.getOwnPropertyNames(heroes)).not.toContain('findById');
  });

  it('for a module that is loaded lazily, when it is too late to lead calls through the cache', async () => {
    @Module({ imports: [CacheModule.forFeature([HEROES])], providers: [MemoryHeroRepository] })
    class LateModule {}
    const app = await boot({ features: [], providers: [] });

    await expect(app.get(LazyModuleLoader).load(() => LateModule)).rejects.toThrow(/loaded lazily/);
  });

  it('names the token of its CachedRepository by the repository', () => {
    expect(getCachedRepositoryToken(MemoryHeroRepository)).toBe('CachedRepository:MemoryHeroRepository');
    expect(getCachedRepositoryToken(Symbol('heroes'))).toBe('CachedRepository:heroes');
    expect(getCachedRepositoryToken('HeroRepository')).toBe('CachedRepository:HeroRepository');
  });
});
