import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { attachCaches } from '../../test/support/attach-caches.js';
import { MapCache } from '../../test/support/map-cache.js';
import { CacheEvict } from './cache-evict.decorator.js';
import { CachePut } from './cache-put.decorator.js';
import { Cacheable } from './cacheable.decorator.js';
import { Caching } from './caching.decorator.js';
import { fromResult } from './from-result.js';

interface Hero {
  readonly id: number;
  readonly name: string;
  readonly language: string;
}

beforeAll(() => {
  Logger.overrideLogger(false);
});
afterAll(() => {
  Logger.overrideLogger(true);
});

/** A method that counts its runs and can be told to throw or to wait. */
class Source {
  runs = 0;
  failure: Error | undefined;

  async load<T>(value: T): Promise<T> {
    this.runs++;
    await Promise.resolve();
    if (this.failure) throw this.failure;
    return value;
  }
}

/** Every option for the renewal of a result. */
const RENEWAL = {
  grace: '1d',
  staleWhileRevalidate: '1m',
  negativeTtl: '5s',
  slidingTtl: '10m',
  refreshAhead: 0.8,
  earlyRefresh: 1,
  softTimeout: '100ms',
  hardTimeout: '1s',
  lockTimeout: '2s',
  onLockTimeout: 'fail',
  errorTtl: '3s',
  retryAfter: '4s',
} as const;

describe('@Cacheable', () => {
  function rootOf(id: number): string {
    if (id < 0) throw new RangeError('no key was to be made');
    return `positive:${Math.sqrt(id).toFixed(1)}`;
  }

  class HeroService extends Source {
    @Cacheable()
    async find(id: number, language = 'en'): Promise<Hero> {
      return this.load({ id, name: `hero ${id}`, language });
    }

    @Cacheable()
    async all(): Promise<string[]> {
      return this.load(['a', 'b']);
    }

    @Cacheable({ key: (id: number) => `maybe:${id}`, unless: (hero: Hero | null) => hero === null })
    async maybe(id: number): Promise<Hero | null> {
      return this.load(id > 0 ? { id, name: 'hero', language: 'en' } : null);
    }

    @Cacheable({ condition: (id: number) => id > 0, key: rootOf })
    async positive(id: number): Promise<number> {
      return this.load(id);
    }

    @Cacheable({
      key: (id: number) => `tagged:${id}`,
      ttl: (hero: Hero) => (hero.language === 'en' ? '1m' : '2m'),
      memoryTtl: '1s',
      jitter: 0.1,
      tags: (id: number) => [`hero:${id}`],
    })
    async tagged(id: number, language: string): Promise<Hero> {
      return this.load({ id, name: 'hero', language });
    }

    @Cacheable({
      key: () => 'list',
      ttl: '5m',
      tags: fromResult((heroes: number[]) => heroes.map((id) => `hero:${id}`)),
    })
    async list(): Promise<number[]> {
      return this.load([1, 2]);
    }

    @Cacheable({ key: () => 'nothing' })
    async nothing(): Promise<undefined> {
      return this.load(undefined);
    }

    @Cacheable({
      key(this: HeroService, id: number) {
        return `${this.tenant}:${id}`;
      },
    })
    async ofTenant(id: number): Promise<string> {
      return this.load(`${this.tenant} ${id}`);
    }

    @Cacheable({ key: () => 'renewed', ...RENEWAL, version: (version: number) => version })
    async renewed(): Promise<number> {
      return this.load(3);
    }

    @Cacheable({ key: () => 'versioned', version: (version: number | undefined) => version })
    async versioned(version: number | undefined): Promise<number | undefined> {
      return this.load(version);
    }

    @Cacheable({
      key: (id: number) => `forgiving:${id}`,
      tags: (id: number) => [`hero:${id}`],
      fallback(this: HeroService, error: unknown, id: number) {
        return `${this.tenant}: no hero ${id} (${(error as Error).message})`;
      },
    })
    async forgiving(id: number): Promise<string> {
      return this.load(`hero ${id}`);
    }

    constructor(readonly tenant = 'anyone') {
      super();
    }
  }

  it('runs the method once per arguments, and returns what it returned', async () => {
    const heroes = attachCaches(new HeroService(), new MapCache());

    await expect(heroes.find(1)).resolves.toEqual({ id: 1, name: 'hero 1', language: 'en' });
    await expect(heroes.find(1)).resolves.toEqual({ id: 1, name: 'hero 1', language: 'en' });
    await expect(heroes.find(1, 'fr')).resolves.toMatchObject({ language: 'fr' });
    expect(heroes.runs).toBe(2);
  });

  it('names the class, the method and all arguments in the default key', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);

    await heroes.find(1, 'en');
    await heroes.all();

    expect(Object.keys(cache.contents)).toEqual(['HeroService.find:1,"en"', 'HeroService.all:()']);
  });

  it('runs the method once for a hundred callers that miss together', async () => {
    const heroes = attachCaches(new HeroService(), new MapCache());

    const found = await Promise.all(Array.from({ length: 100 }, () => heroes.find(7)));

    expect(heroes.runs).toBe(1);
    expect(new Set(found).size).toBe(1);
  });

  it('returns without storing what `unless` names, also to callers that share the run', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);

    await expect(Promise.all([heroes.maybe(0), heroes.maybe(0)])).resolves.toEqual([null, null]);
    await heroes.maybe(1);

    expect(heroes.runs).toBe(2);
    expect(Object.keys(cache.contents)).toEqual(['maybe:1']);
  });

  it('neither computes a key nor asks the cache when the condition is false', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);

    await heroes.positive(-4);
    await heroes.positive(-4);
    await heroes.positive(4);

    expect(heroes.runs).toBe(3);
    expect(cache.calls).toEqual(['getOrSet positive:2.0']);
  });

  it('stores with the options of the decorator, those from the result included', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);

    await heroes.tagged(1, 'en');
    await heroes.tagged(2, 'fr');
    await heroes.list();

    expect(cache.entries.get('tagged:1')?.options).toEqual({
      ttl: '1m',
      memoryTtl: '1s',
      jitter: 0.1,
      tags: ['hero:1'],
    });
    expect(cache.entries.get('tagged:2')?.options).toMatchObject({ ttl: '2m', tags: ['hero:2'] });
    expect(cache.entries.get('list')?.options).toEqual({ ttl: '5m', tags: ['hero:1', 'hero:2'] });
  });

  it('reads and loads with the options of the decorator', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);
    await heroes.renewed();

    expect(cache.entries.get('renewed')?.options).toEqual({
      ...RENEWAL,
      ttl: '1h',
      tags: [],
      version: 3,
    });
  });

  it('stores without a version what has none', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);
    await heroes.versioned(undefined);

    expect(cache.entries.get('versioned')?.options).not.toHaveProperty('version');
  });

  it('gives what the fallback makes of the error, the arguments and the instance, and stores nothing', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService('acme'), cache);
    heroes.failure = new Error('database');

    await expect(heroes.forgiving(7)).resolves.toBe('acme: no hero 7 (database)');
    expect(cache.contents).toEqual({});
    heroes.failure = undefined;
    await expect(heroes.forgiving(7)).resolves.toBe('hero 7');
    expect(cache.contents).toEqual({ 'forgiving:7': 'hero 7' });
  });

  it('caches undefined like any other value', async () => {
    const heroes = attachCaches(new HeroService(), new MapCache());

    await heroes.nothing();
    await expect(heroes.nothing()).resolves.toBeUndefined();
    expect(heroes.runs).toBe(1);
  });

  it('lets a function of the options see the instance', async () => {
    const cache = new MapCache();
    await attachCaches(new HeroService('acme'), cache).ofTenant(1);

    expect(cache.contents).toEqual({ 'acme:1': 'acme 1' });
  });

  it('passes the error of the method on as it is, and stores nothing', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);
    heroes.failure = new Error('the database is on fire');

    await expect(heroes.find(1)).rejects.toBe(heroes.failure);
    expect(cache.contents).toEqual({});

    heroes.failure = undefined;
    await expect(heroes.find(1)).resolves.toMatchObject({ id: 1 });
  });

  it('caches calls of the instance to itself, and private methods', async () => {
    class Outer extends Source {
      async both(): Promise<number> {
        return (await this.#inner(1)) + (await this.hidden(1));
      }
      async #inner(id: number): Promise<number> {
        return this.hidden(id);
      }
      @Cacheable()
      private async hidden(id: number): Promise<number> {
        return this.load(id);
      }
    }
    const outer = attachCaches(new Outer(), new MapCache());

    await expect(outer.both()).resolves.toBe(2);
    expect(outer.runs).toBe(1);
  });
});

describe('functions among the options that return what they should not', () => {
  class Careless extends Source {
    @Cacheable({ key: ((id?: string) => id) as (id?: string) => string })
    async keyed(_id?: string): Promise<number> {
      return this.load(1);
    }
    @Cacheable({ key: () => 'k', ttl: (() => 60) as unknown as () => '60s' })
    async timed(): Promise<number> {
      return this.load(1);
    }
    @Cacheable({ key: () => 'k', condition: (async () => true) as unknown as () => boolean })
    async conditional(): Promise<number> {
      return this.load(1);
    }
    @Cacheable({ key: () => 'k', tags: (() => 'tag') as unknown as () => string[] })
    async tagged(): Promise<number> {
      return this.load(1);
    }
    @CacheEvict({ key: (() => [1]) as unknown as () => string[] })
    async evict(): Promise<number> {
      return this.load(1);
    }
    @Cacheable({ key: () => 'k', version: (version: number) => version })
    async versioned(version = -1): Promise<number> {
      return this.load(version);
    }
    @Cacheable({ key: () => 'k', version: (version: Date | bigint) => version })
    async dated(version: Date | bigint): Promise<Date | bigint> {
      return this.load(version);
    }
    @Cacheable()
    async unkeyable(_callback: () => void): Promise<number> {
      return this.load(1);
    }
  }

  it.each([
    ['keyed', 'The function key of @Cacheable on Careless.keyed returned undefined; return a text that is not empty'],
    [
      'timed',
      "The function ttl of @Cacheable on Careless.timed returned 60; return a number with its unit, such as '500ms'",
    ],
    ['conditional', 'returned a Promise, and options are not waited for; return true or false'],
    ['tagged', 'The function tags of @Cacheable on Careless.tagged returned "tag"; return a list of tags'],
    ['versioned', 'The function version of @Cacheable on Careless.versioned returned -1; return a whole number of 0'],
    ['evict', 'The function key of @CacheEvict on Careless.evict returned a list of 1; return a text'],
  ] as const)('tell the caller of %s so', async (method, message) => {
    const careless = attachCaches(new Careless(), new MapCache());
    await expect(careless[method]()).rejects.toThrow(message);
  });

  it.each([new Date('yesterday'), -1n])('refuse the version %s, which is none', async (version) => {
    const careless = attachCaches(new Careless(), new MapCache());
    await expect(careless.dated(version)).rejects.toThrow('return a whole number of 0 or more, a bigint or a Date');
  });

  it.each([new Date(5), 5n])('take the version %s', async (version) => {
    const cache = new MapCache();
    await attachCaches(new Careless(), cache).dated(version);
    expect(cache.entries.get('k')?.options.version).toEqual(version);
  });

  it('names the method whose arguments make no key', async () => {
    const careless = attachCaches(new Careless(), new MapCache());
    await expect(careless.unkeyable(() => undefined)).rejects.toMatchObject({
      code: 'DEFAULT_KEY',
      message: expect.stringMatching(
        /^@Cacheable on Careless\.unkeyable needs a key of its own\. No key can be made of/,
      ),
    });
  });
});

describe('@CachePut', () => {
  class HeroService extends Source {
    @CachePut({ key: fromResult((hero: Hero) => `hero:${hero.id}`), tags: (name: string) => [name], ttl: '1m' })
    async create(name: string): Promise<Hero> {
      return this.load({ id: this.runs + 1, name, language: 'en' });
    }

    @CachePut({
      key: (id: number) => `hero:${id}`,
      condition: fromResult((hero: Hero) => hero.language === 'en'),
      unless: (_hero: Hero, id: number) => id === 13,
    })
    async translate(id: number, language: string): Promise<Hero> {
      return this.load({ id, name: 'hero', language });
    }

    @CachePut({
      key: () => 'versioned',
      grace: '1d',
      negativeTtl: '5s',
      ttl: (hero: Hero) => (hero.id > 0 ? '1m' : '2m'),
      version: (hero: Hero) => hero.id,
    })
    async version(id: number): Promise<Hero> {
      return this.load({ id, name: 'hero', language: 'en' });
    }
  }

  it('stores with the version of the result, and with the ttl that has seen it', async () => {
    const cache = new MapCache();
    await attachCaches(new HeroService(), cache).version(7);

    expect(cache.entries.get('versioned')?.options).toEqual({
      grace: '1d',
      ttl: '1m',
      negativeTtl: '1m',
      version: 7,
    });
  });

  it('runs every time and replaces what is stored', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);

    await Promise.all([heroes.create('ann'), heroes.create('bob')]);

    expect(heroes.runs).toBe(2);
    expect(cache.contents).toEqual({
      'hero:1': expect.objectContaining({ name: 'ann' }),
      'hero:2': expect.objectContaining({ name: 'bob' }),
    });
    expect(cache.entries.get('hero:1')?.options).toMatchObject({ ttl: '1m', tags: ['ann'] });
  });

  it('decides by condition and unless after the method has run', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);

    await heroes.translate(1, 'en');
    await heroes.translate(2, 'fr');
    await heroes.translate(13, 'en');

    expect(Object.keys(cache.contents)).toEqual(['hero:1']);
  });

  it('changes nothing when the method throws', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);
    heroes.failure = new Error('no');

    await expect(heroes.create('ann')).rejects.toBe(heroes.failure);
    expect(cache.calls).toEqual([]);
  });

  it('evicts what it could not replace, and returns the result all the same', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);
    await heroes.translate(1, 'en');
    cache.fault = new TypeError('the value cannot be stored');

    await expect(heroes.translate(1, 'en')).resolves.toMatchObject({ id: 1 });
    expect(cache.contents).toEqual({});
  });

  it('evicts what it could not replace by too large a value', async () => {
    const cache = new MapCache();
    const heroes = attachCaches(new HeroService(), cache);
    await heroes.translate(1, 'en');
    cache.set = async () => ({ stored: false, reason: 'value-too-large' });

    await heroes.translate(1, 'en');
    expect(cache.contents).toEqual({});
  });
});

describe('@CacheEvict', () => {
  class HeroService extends Source {
    @CacheEvict({ key: (id: number) => `hero:${id}` })
    async remove(id: number): Promise<number> {
      return this.load(id);
    }
    @CacheEvict({ key: (ids: number[]) => ids.map((id) => `hero:${id}`), tags: ['lists'] })
    async removeMany(ids: number[]): Promise<number> {
      return this.load(ids.length);
    }
    @CacheEvict({ tags: fromResult((hero: Hero) => [`language:${hero.language}`]), condition: (id: number) => id > 0 })
    async rename(id: number): Promise<Hero> {
      return this.load({ id, name: 'new', language: 'fr' });
    }
    @CacheEvict({ all: true, beforeInvocation: true })
    async reset(): Promise<void> {
      return this.load(undefined);
    }
    @CacheEvict({ key: (ids: number[]) => ids.map(String), cache: ['heroes', 'lists'] })
    async everywhere(_ids: number[]): Promise<void> {
      return this.load(undefined);
    }
  }

  function stored(): MapCache {
    const cache = new MapCache();
    for (const id of [1, 2, 3])
      cache.entries.set(`hero:${id}`, { value: id, options: { tags: ['lists', 'language:fr'] } });
    return cache;
  }

  it('evicts the key once the method has succeeded', async () => {
    const cache = stored();
    const heroes = attachCaches(new HeroService(), cache);
    heroes.load = async (value) => {
      expect(cache.entries.has('hero:1')).toBe(true);
      return value;
    };

    await heroes.remove(1);

    expect(Object.keys(cache.contents)).toEqual(['hero:2', 'hero:3']);
  });

  it('evicts nothing when the method throws', async () => {
    const cache = stored();
    const heroes = attachCaches(new HeroService(), cache);
    heroes.failure = new Error('no');

    await expect(heroes.remove(1)).rejects.toBe(heroes.failure);
    expect(cache.calls).toEqual([]);
  });

  it('evicts before the invocation when told to, and so even when the method throws', async () => {
    const cache = stored();
    const heroes = attachCaches(new HeroService(), cache);
    heroes.failure = new Error('no');

    await expect(heroes.reset()).rejects.toBe(heroes.failure);
    expect(cache.contents).toEqual({});
  });

  it('evicts many keys and tags at once', async () => {
    const cache = stored();
    await attachCaches(new HeroService(), cache).removeMany([1, 2]);

    expect(cache.calls).toEqual(['deleteMany hero:1 hero:2', 'deleteByTag lists']);
  });

  it('derives tags from the result, and obeys the condition', async () => {
    const cache = stored();
    const heroes = attachCaches(new HeroService(), cache);

    await heroes.rename(0);
    expect(cache.calls).toEqual([]);
    await heroes.rename(1);
    expect(cache.calls).toEqual(['deleteByTag language:fr']);
  });

  it('evicts from every cache that it names, and asks none for an empty list of keys', async () => {
    const [heroes, lists] = [stored(), stored()];
    const service = attachCaches(new HeroService(), new MapCache(), { heroes, lists });

    await service.everywhere([]);
    expect([...heroes.calls, ...lists.calls]).toEqual([]);
    await service.everywhere([1]);
    expect([...heroes.calls, ...lists.calls]).toEqual(['deleteMany 1', 'deleteMany 1']);
  });

  it('does not fail the caller when the cache does', async () => {
    const cache = stored();
    cache.fault = new Error('the cache is gone');

    await expect(attachCaches(new HeroService(), cache).remove(1)).resolves.toBe(1);
    await expect(attachCaches(new HeroService(), cache).reset()).resolves.toBeUndefined();
  });
});

describe('several rules on one method', () => {
  class Ordered extends Source {
    @CacheEvict({ key: () => 'late' })
    @CachePut({ key: () => 'put' })
    @Cacheable({ key: () => 'read', condition: (isRead: boolean) => isRead })
    @CacheEvict({ key: () => 'early', beforeInvocation: true })
    async stacked(_isRead: boolean): Promise<string> {
      return this.load('value');
    }

    @Caching({
      cacheable: [{ key: () => 'first' }, { key: () => 'second' }],
      evict: { key: () => 'late' },
    })
    async reads(): Promise<string> {
      return this.load('loaded');
    }

    @Caching({
      cacheable: { key: (id: number) => `hero:${id}` },
      put: [{ key: (id: number) => `hero:${id}`, condition: (_id: number, isForced: boolean) => isForced }],
    })
    async refreshable(id: number, _isForced: boolean): Promise<string> {
      return this.load(`hero ${id}, run ${this.runs}`);
    }

    @Caching({ put: { key: () => 'a', condition: fromResult((n: number) => n > 1) }, cacheable: { key: () => 'a' } })
    async byResult(): Promise<number> {
      return this.load(1);
    }
  }

  function recording(service: Ordered, cache: MapCache): Ordered {
    const load = service.load.bind(service);
    service.load = async (value) => {
      cache.calls.push('method');
      return load(value);
    };
    return attachCaches(service, cache);
  }

  it('evict early, look, run, put, evict late', async () => {
    const cache = new MapCache();
    await recording(new Ordered(), cache).stacked(true);

    expect(cache.calls).toEqual([
      'deleteMany early',
      'lookup read',
      'method',
      'set read',
      'set put',
      'deleteMany late',
    ]);
  });

  it('do not look where the condition forbids it', async () => {
    const cache = new MapCache();
    await recording(new Ordered(), cache).stacked(false);

    expect(cache.calls).toEqual(['deleteMany early', 'method', 'set put', 'deleteMany late']);
  });

  it('run the method for the sake of a put, and leave what was found as it is', async () => {
    const cache = new MapCache();
    cache.entries.set('read', { value: 'found', options: {} });

    await expect(recording(new Ordered(), cache).stacked(true)).resolves.toBe('value');
    expect(cache.contents).toEqual({ read: 'found', put: 'value' });
  });

  it('return the first hit, and evict late after it as well', async () => {
    const cache = new MapCache();
    cache.entries.set('second', { value: 'found', options: {} });

    await expect(recording(new Ordered(), cache).reads()).resolves.toBe('found');
    expect(cache.calls).toEqual(['lookup first', 'lookup second', 'deleteMany late']);
    expect(cache.contents).toEqual({ second: 'found' });
  });

  it('store under every key when none had a hit', async () => {
    const cache = new MapCache();
    await expect(recording(new Ordered(), cache).reads()).resolves.toBe('loaded');

    expect(cache.contents).toEqual({ first: 'loaded', second: 'loaded' });
  });

  it('let the condition of a put decide between a hit and a refresh', async () => {
    const cache = new MapCache();
    const service = attachCaches(new Ordered(), cache);

    await service.refreshable(1, false);
    await expect(service.refreshable(1, false)).resolves.toBe('hero 1, run 0');
    await expect(service.refreshable(1, true)).resolves.toBe('hero 1, run 1');
    await expect(service.refreshable(1, false)).resolves.toBe('hero 1, run 1');
  });

  it('run the method when only its result can tell whether a put applies', async () => {
    const cache = new MapCache();
    cache.entries.set('a', { value: 7, options: {} });

    await expect(attachCaches(new Ordered(), cache).byResult()).resolves.toBe(1);
    expect(cache.contents).toEqual({ a: 7 });
  });
});

describe('several caches', () => {
  class HeroService extends Source {
    @Cacheable({ cache: ['near', 'far'], key: (id: number) => `hero:${id}`, unless: (name: string) => name === '' })
    async name(id: number): Promise<string> {
      return this.load(id === 0 ? '' : `hero ${id}`);
    }
    @Cacheable({ cache: ['near', 'near'], key: () => 'same', ttl: '1m' })
    @Cacheable({ cache: 'near', key: () => 'same', ttl: '2m' })
    async twice(): Promise<string> {
      return this.load('same');
    }
    @Cacheable({ cache: ['near', 'far'], key: () => 'forgiving', fallback: () => 'nobody' })
    async forgiving(): Promise<string> {
      return this.load('somebody');
    }
    @Cacheable({ cache: ['far', 'near'], key: (id: number) => `hero:${id}` })
    async reversed(id: number): Promise<string> {
      return this.load(`reversed ${id}`);
    }
  }

  function service(): { heroes: HeroService; near: MapCache; far: MapCache } {
    const [near, far] = [new MapCache(), new MapCache()];
    return { heroes: attachCaches(new HeroService(), new MapCache(), { near, far }), near, far };
  }

  it('are all filled by one run of the method', async () => {
    const { heroes, near, far } = service();

    await Promise.all([heroes.name(1), heroes.name(1)]);

    expect(heroes.runs).toBe(1);
    expect([near.contents, far.contents]).toEqual([{ 'hero:1': 'hero 1' }, { 'hero:1': 'hero 1' }]);
  });

  it('answer in order; a hit is not copied to the others', async () => {
    const { heroes, near, far } = service();
    far.entries.set('hero:1', { value: 'far hero', options: {} });

    await expect(heroes.name(1)).resolves.toBe('far hero');
    expect(near.contents).toEqual({});
  });

  it.each(['near', 'far'] as const)('do not copy what another call has brought to %s in between', async (name) => {
    const { heroes, ...caches } = service();
    caches[name].lookup = async () => {
      caches[name].entries.set('hero:1', { value: 'just now', options: {} });
      return { hit: false, stale: false, value: undefined };
    };

    await expect(heroes.name(1)).resolves.toBe('just now');
    expect(heroes.runs).toBe(0);
    expect(caches[name === 'near' ? 'far' : 'near'].contents).toEqual({});
  });

  it('keep away what the fallback of one of them gave', async () => {
    const { heroes, near, far } = service();
    heroes.failure = new Error('database');

    await expect(heroes.forgiving()).resolves.toBe('nobody');
    expect([near.contents, far.contents]).toEqual([{}, {}]);
  });

  it('all keep away what `unless` names', async () => {
    const { heroes, near, far } = service();
    await expect(heroes.name(0)).resolves.toBe('');
    expect([near.contents, far.contents]).toEqual([{}, {}]);
  });

  it('count once when named twice, by the first rule that names them', async () => {
    const { heroes, near } = service();
    await heroes.twice();
    expect(near.calls).toEqual(['getOrSet same']);
    expect(near.entries.get('same')?.options.ttl).toBe('1m');
  });

  it('never wait for each other, in whatever order two methods name them', async () => {
    const { heroes } = service();
    await expect(Promise.all([heroes.name(1), heroes.reversed(1)])).resolves.toHaveLength(2);
    expect(heroes.runs).toBe(1);
  });
});
