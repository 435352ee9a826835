import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { attachCaches, runtimeOver } from '../../test/support/attach-caches.js';
import { MapCache } from '../../test/support/map-cache.js';
import { CacheConfig } from './cache-config.decorator.js';
import { CacheEvict } from './cache-evict.decorator.js';
import { CacheRuntime } from './cache.runtime.js';
import { Cacheable } from './cacheable.decorator.js';
import { attachRuntime } from './runtime-slot.js';

async function keysOf(cache: MapCache, ...calls: Promise<unknown>[]): Promise<string[]> {
  await Promise.all(calls);
  return Object.keys(cache.contents);
}

describe('default keys', () => {
  abstract class CrudService {
    constructor(readonly name: string) {}
    @Cacheable()
    async find(id: number): Promise<string> {
      return `${this.name} ${id}`;
    }
  }
  class HeroService extends CrudService {}
  class VillainService extends CrudService {}

  it('tell the subclasses apart that inherit a method', async () => {
    const cache = new MapCache();
    const runtime = runtimeOver(cache);
    const [heroes, villains] = [new HeroService('hero'), new VillainService('villain')];
    attachRuntime(heroes, runtime);
    attachRuntime(villains, runtime);

    await expect(Promise.all([heroes.find(1), villains.find(1)])).resolves.toEqual(['hero 1', 'villain 1']);
    expect(Object.keys(cache.contents)).toEqual(['HeroService.find:1', 'VillainService.find:1']);
  });

  it('tell an overriding method from the one that it calls by super', async () => {
    class PoliteService extends CrudService {
      @Cacheable()
      override async find(id: number): Promise<string> {
        return `dear ${await super.find(id)}`;
      }
    }
    const cache = new MapCache();
    const polite = attachCaches(new PoliteService('hero'), cache);

    await expect(polite.find(1)).resolves.toBe('dear hero 1');
    expect(cache.contents).toEqual({
      'PoliteService.find:1': 'dear hero 1',
      'PoliteService/CrudService.find:1': 'hero 1',
    });
  });

  it('begin with the prefix of @CacheConfig, which subclasses do not inherit', async () => {
    @CacheConfig({ keyPrefix: 'people' })
    class PersonService extends CrudService {}
    class ChildService extends PersonService {}

    const cache = new MapCache();
    const people = attachCaches(new PersonService('person'), cache);
    const children = attachCaches(new ChildService('child'), cache);

    await expect(keysOf(cache, people.find(1), children.find(1))).resolves.toEqual([
      'people.find:1',
      'ChildService.find:1',
    ]);
  });

  it('of a class without a name bear that of its parent', async () => {
    const cache = new MapCache();
    const service = attachCaches(new (class extends HeroService {})('nameless'), cache);

    await expect(keysOf(cache, service.find(1))).resolves.toEqual(['HeroService.find:1']);
  });

  it('of a class without any name call it anonymous', async () => {
    const cache = new MapCache();
    const anonymous = (() => {
      class Named {
        @Cacheable()
        async find(): Promise<number> {
          return 1;
        }
      }
      Object.defineProperty(Named, 'name', { value: '' });
      return new Named();
    })();

    await expect(keysOf(cache, attachCaches(anonymous, cache).find())).resolves.toEqual(['AnonymousClass.find:()']);
  });

  it('of a method copied into another class name both', async () => {
    class Copycat extends HeroService {
      declare steal: (id: number) => Promise<string>;
    }
    class Victim {
      @Cacheable()
      async steal(id: number): Promise<string> {
        return `stolen ${id}`;
      }
    }
    const steal = Object.getOwnPropertyDescriptor(Victim.prototype, 'steal') ?? {};
    Object.defineProperty(Copycat.prototype, 'steal', steal);
    const cache = new MapCache();
    const copycat = attachCaches(new Copycat('cat'), cache);

    await expect(keysOf(cache, copycat.steal(1), copycat.steal(1))).resolves.toEqual(['Copycat/Victim.steal:1']);
  });

  it('must not be shared by classes of the same name', () => {
    const namesake = () => {
      class ItemService {
        @Cacheable()
        async find(): Promise<void> {}
        @Cacheable({ key: () => 'explicit' })
        async byKey(): Promise<void> {}
      }
      return new ItemService();
    };
    const runtime = runtimeOver(new MapCache());
    attachRuntime(namesake(), runtime);

    expect(() => attachRuntime(namesake(), runtime)).toThrow(
      expect.objectContaining({
        code: 'DUPLICATE_DEFAULT_KEY',
        message:
          'Two different methods cache under the default keys "ItemService.find:…". Give the class of one of them a name ' +
          "of its own with @CacheConfig({ keyPrefix: '…' }), or the method a key.",
      }),
    );
    expect(() => attachRuntime(namesake(), runtimeOver(new MapCache()))).not.toThrow();
  });

  it('may be the same in different caches', () => {
    const inCache = (cache: string) => {
      @CacheConfig({ cache })
      class ItemService {
        @Cacheable()
        async find(): Promise<void> {}
      }
      return new ItemService();
    };
    const runtime = runtimeOver(new MapCache(), { a: new MapCache(), b: new MapCache() });
    attachRuntime(inCache('a'), runtime);

    expect(() => attachRuntime(inCache('b'), runtime)).not.toThrow();
    expect(() => attachRuntime(inCache('a'), runtime)).toThrow('Two different methods');
  });
});

describe('@CacheConfig', () => {
  @CacheConfig({ cache: 'heroes', ttl: '5m', memoryTtl: '1s', jitter: 0.2, tags: ['all'] })
  class HeroService {
    @Cacheable({ key: () => 'inherited' })
    async inherited(): Promise<string> {
      return 'value';
    }
    @Cacheable({ key: () => 'own', ttl: '1m', tags: ['own'], jitter: 0 })
    async own(): Promise<string> {
      return 'value';
    }
    @Cacheable({ key: () => 'elsewhere', cache: 'others', ttl: undefined as unknown as '1s' })
    async elsewhere(): Promise<string> {
      return 'value';
    }
    @CacheEvict({ all: true })
    async evict(): Promise<void> {}
  }

  @CacheConfig({ ttl: '9m' })
  class SubService extends HeroService {}

  it('gives the methods what they do not say themselves', async () => {
    const [main, heroes, others] = [new MapCache(), new MapCache(), new MapCache()];
    const service = attachCaches(new HeroService(), main, { heroes, others });

    await service.inherited();
    await service.own();
    await service.elsewhere();

    expect(heroes.entries.get('inherited')?.options).toEqual({
      ttl: '5m',
      memoryTtl: '1s',
      jitter: 0.2,
      tags: ['all'],
    });
    expect(heroes.entries.get('own')?.options).toEqual({ ttl: '1m', memoryTtl: '1s', jitter: 0, tags: ['own'] });
    expect(others.entries.get('elsewhere')?.options.ttl).toBe('5m');
    await service.evict();
    expect([main.calls, heroes.contents]).toEqual([[], {}]);
  });

  it('is inherited, option by option', async () => {
    const heroes = new MapCache();
    await attachCaches(new SubService(), new MapCache(), { heroes, others: heroes }).inherited();

    expect(heroes.entries.get('inherited')?.options).toEqual({
      ttl: '9m',
      memoryTtl: '1s',
      jitter: 0.2,
      tags: ['all'],
    });
  });
});

describe('options of a method that do not go with those of its class', () => {
  it('end the boot, with the method and what to write', () => {
    @CacheConfig({ hardTimeout: '1s' })
    class HeroService {
      @Cacheable({ softTimeout: '2s' })
      async find(): Promise<void> {}
    }
    expect(() => attachRuntime(new HeroService(), runtimeOver(new MapCache()))).toThrow(
      /@Cacheable on HeroService\.find cannot work:\n {2}- softTimeout "2s" is never reached: hardTimeout "1s" comes first/,
    );
  });
});

describe('a cache that does not exist', () => {
  class HeroService {
    @Cacheable({ cache: 'heros' })
    async find(): Promise<void> {}
    @CacheEvict({ all: true, cache: 'zzz' })
    async evict(): Promise<void> {}
  }

  it('ends the boot, with the names that there are', () => {
    const runtime = runtimeOver(new MapCache(), { heroes: new MapCache(), stories: new MapCache() });
    attachRuntime(new HeroService(), runtime);

    expect(() => runtime.onModuleInit()).toThrow(
      '@Cacheable on HeroService.find names the cache "heros", which does not exist. Did you mean \'heroes\'?',
    );
  });

  it('fails the call when not even a default cache is there', async () => {
    class Homeless {
      @Cacheable()
      async find(): Promise<void> {}
    }
    const homeless = new Homeless();
    attachRuntime(homeless, new CacheRuntime({ find: () => undefined, names: () => [] }));
    await expect(homeless.find()).rejects.toThrow('names the cache "default", which does not exist');
  });

  it('fails the call where no boot has told', async () => {
    const service = attachCaches(new HeroService(), new MapCache(), {
      heroes: new MapCache(),
      stories: new MapCache(),
    });
    await expect(service.evict()).rejects.toThrow(
      "@CacheEvict on HeroService.evict names the cache \"zzz\", which does not exist. There are 'heroes', 'stories'.",
    );
    const bare = attachCaches(new HeroService(), new MapCache());
    await expect(bare.evict()).rejects.toThrow(
      'There are no named caches: write CacheModule.forRoot({ caches: { "zzz": {} } }).',
    );
  });
});

describe('a fault of a cache', () => {
  let error: jest.SpiedFunction<Logger['error']>;
  beforeEach(() => {
    error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  });
  afterEach(() => {
    error.mockRestore();
  });

  it('is logged once per decorator and kind', async () => {
    class HeroService {
      @CacheEvict({ all: true })
      async evict(): Promise<void> {}
    }
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);
    cache.fault = new TypeError('gone');
    await heroes.evict();
    await heroes.evict();
    cache.fault = 'a text' as unknown as Error;
    await heroes.evict();

    expect(error.mock.calls.map(([message]: unknown[]) => message)).toEqual(
      Array<string>(2).fill(
        '@CacheEvict on HeroService.evict could not do its work on the cache; the method is not affected',
      ),
    );
    expect(error.mock.calls[0]?.[1]).toBeInstanceOf(TypeError);
  });
});
