import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CacheEngine, InvalidKeyError, JsonCodec } from '@nest-strata/engine';
import { Hero, Language } from '../../test/support/heroes/hero.js';
import { resolveCacheOptions } from '../options/resolve-cache-options.js';
import { CachedRepository } from './cached-repository.js';
import type { CachedRepositoryParts } from './cached-repository.js';
import { CacheStrategy } from './cache-strategy.js';
import { list, unique } from './entity-index.js';
import { RowSource } from './row-source.port.js';

class HeroStrategy extends CacheStrategy<Hero> {
  override readonly entity = Hero;
  override readonly ttl = '1h';
  override readonly indexes = { findByName: unique<Hero>('name') };
  override readonly lists = { findByLanguage: list<Hero>('language') };

  override id(hero: Hero): number {
    return hero.id;
  }
}

class Rows extends RowSource<Hero, number> {
  rows: Hero[] = [];

  override async load(ids: readonly number[]): Promise<Hero[]> {
    return this.rows.filter(({ id }) => ids.includes(id));
  }
}

const arthur = () => new Hero({ id: 1, name: 'Arthur', language: Language.English });
const marie = () => new Hero({ id: 2, name: 'Marie', language: Language.French });

/** A loader that counts its calls. */
function loading<T>(...results: (() => T)[]): jest.Mock<(ids?: number[]) => Promise<T>> {
  const loader = jest.fn<(ids?: number[]) => Promise<T>>();
  for (const result of results) loader.mockImplementationOnce(async () => result());
  const last = results.at(-1) as () => T;
  return loader.mockImplementation(async () => last());
}

let warn: jest.SpiedFunction<Logger['warn']>;
let cache: CacheEngine;
let rows: Rows;
let heroes: CachedRepository<Hero>;

function cachedBy(
  strategy: CacheStrategy<Hero>,
  others: Partial<CachedRepositoryParts<Hero, number>> = {},
): CachedRepository<Hero> {
  return new CachedRepository({ cache, strategy, name: 'hero', rows, ...others });
}

beforeEach(() => {
  warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  cache = CacheEngine.create({ ...resolveCacheOptions({}).cache, codec: new JsonCodec() });
  rows = new Rows();
  heroes = cachedBy(new HeroStrategy());
});

afterEach(() => {
  warn.mockRestore();
});

describe('reading one entity', () => {
  it('asks the repository once', async () => {
    const load = loading(arthur);

    expect(await heroes.reader.findById(1, load)).toEqual(arthur());
    expect(await heroes.reader.findById(1, load)).toEqual(arthur());
    expect(load).toHaveBeenCalledTimes(1);
    expect(heroes.stats()).toMatchObject({ hits: 1, misses: 1, hitRate: 0.5 });
  });

  it('gives each caller an instance of its own, the first one and concurrent ones too', async () => {
    const loaded = arthur();
    const found = await Promise.all([1, 2, 3].map(() => heroes.reader.findById(1, async () => loaded)));
    found.push(await heroes.reader.findById(1, async () => loaded));

    for (const hero of found) {
      expect(hero.greeting()).toBe('I am Arthur.');
      hero.name = 'changed';
      hero.powers.push('changed');
      hero.bornAt.setTime(0);
    }
    expect(new Set([loaded, ...found]).size).toBe(5);
    expect(loaded).toEqual(arthur());
    expect(await heroes.reader.findById(1, loading(marie))).toEqual(arthur());
  });

  it.each([null, undefined])('caches that there is none, as %p', async (absent) => {
    const load = loading<Hero | null | undefined>(() => absent, arthur);

    expect(await heroes.reader.findById(1, load)).toBe(absent);
    expect(await heroes.reader.findById(1, load)).toBe(absent);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('finds one that was created since', async () => {
    const load = loading<Hero | null>(() => null, arthur);
    await heroes.reader.findById(1, load);
    await heroes.reader.findByIndex('findByName', 'Arthur', async () => null);
    await heroes.changed({ rows: [arthur()] });

    expect(await heroes.reader.findById(1, load)).toEqual(arthur());
    expect(await heroes.reader.findByIndex('findByName', 'Arthur', load)).toEqual(arthur());
  });

  it('passes on the very error of the repository and caches nothing', async () => {
    const error = new Error('deadlock detected');
    const load = jest.fn<() => Promise<Hero>>().mockRejectedValueOnce(error).mockResolvedValue(arthur());

    await expect(heroes.reader.findById(1, load)).rejects.toBe(error);
    expect(await heroes.reader.findById(1, load)).toEqual(arthur());
  });

  it('runs one load for concurrent callers', async () => {
    const load = loading(arthur);
    await Promise.all(Array.from({ length: 20 }, () => heroes.reader.findByIndex('findByName', 'Arthur', load)));

    expect(load).toHaveBeenCalledTimes(1);
  });

  it('keeps ids apart that only look alike', async () => {
    const load = loading(arthur);
    await heroes.reader.findById('1,2' as never, load);
    await heroes.reader.findById([1, 2] as never, load);

    expect(load).toHaveBeenCalledTimes(2);
  });
});

describe('reading by ids', () => {
  const load = jest.fn<(ids: number[]) => Promise<Hero[]>>();

  beforeEach(() => {
    load.mockReset().mockImplementation(async (ids) => [marie(), arthur()].filter(({ id }) => ids.includes(id)));
  });

  it('gives those that exist, each once, in the order of the ids', async () => {
    const expected = [arthur(), marie()];

    expect(await heroes.reader.findByIds([1, 3, 2, 1], load)).toEqual(expected);
    expect(await heroes.reader.findByIds([1, 3, 2, 1], load)).toEqual(expected);
    expect(load.mock.calls).toEqual([[[1, 3, 2]]]);
    expect(heroes.stats()).toMatchObject({ hits: 3, misses: 3 });
  });

  it('asks for those that the cache does not have, in one call', async () => {
    await heroes.reader.findById(1, loading(arthur));

    expect(await heroes.reader.findByIds([2, 1, 3], load)).toEqual([marie(), arthur()]);
    expect(load.mock.calls).toEqual([[[2, 3]]]);
  });

  it('answers a read by id, and is answered by one', async () => {
    await heroes.reader.findByIds([1], load);
    const byId = loading(marie);

    expect(await heroes.reader.findById(1, byId)).toEqual(arthur());
    expect(byId).not.toHaveBeenCalled();
  });

  it.each([null, undefined])(
    'does not decide what the read by id says, such as %p, and remembers both',
    async (absent) => {
      const byId = loading<Hero | null | undefined>(() => absent, arthur);
      for (let times = 0; times < 2; times++) {
        expect(await heroes.reader.findByIds([3], load)).toEqual([]);
        expect(await heroes.reader.findById(3, byId)).toBe(absent);
      }
      expect(byId).toHaveBeenCalledTimes(1);
      expect(load).toHaveBeenCalledTimes(1);
    },
  );

  it.each([null, undefined])(
    'is not decided by what the read by id said, such as %p, and remembers both',
    async (absent) => {
      const byId = loading<Hero | null | undefined>(() => absent, arthur);
      for (let times = 0; times < 2; times++) {
        expect(await heroes.reader.findById(3, byId)).toBe(absent);
        expect(await heroes.reader.findByIds([3], load)).toEqual([]);
      }
      expect(byId).toHaveBeenCalledTimes(1);
      expect(load).toHaveBeenCalledTimes(1);
    },
  );

  it('is not cached where the repository marks the missing ones with null', async () => {
    load.mockImplementation(async (ids) => ids.map((id) => (id === 1 ? arthur() : null)) as Hero[]);

    expect(await heroes.reader.findByIds([2, 1], load)).toEqual([null, arthur()]);
    await heroes.reader.findById(2, async () => null);
    expect(await heroes.reader.findByIds([2, 1], load)).toEqual([null, arthur()]);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('byIds: false'));
  });

  it('is not cached where the repository returns others than were asked for', async () => {
    load.mockImplementation(async () => [arthur()]);

    expect(await heroes.reader.findByIds([7], load)).toEqual([arthur()]);
    expect(await heroes.reader.findByIds([7], load)).toEqual([arthur()]);
    expect(load.mock.calls.at(-1)).toEqual([[7]]);
  });

  it('is not cached where the repository returns no list', async () => {
    load.mockImplementation(async () => new Map([[1, arthur()]]) as never);

    expect(await heroes.reader.findByIds([1], load)).toEqual(new Map([[1, arthur()]]));
  });

  it('finds one that was created since', async () => {
    await heroes.reader.findByIds([3], async () => []);
    const merlin = new Hero({ id: 3, name: 'Merlin', language: Language.English });
    await heroes.changed({ rows: [merlin] });

    expect(await heroes.reader.findByIds([3], async () => [merlin])).toEqual([merlin]);
  });
});

describe('a list', () => {
  const many = Array.from({ length: 250 }, (_, at) => new Hero({ id: at, name: `${at}`, language: Language.English }));

  it('is cached in the order in which the repository gave it', async () => {
    const load = loading(() => [marie(), arthur()]);
    await heroes.reader.findList('findByLanguage', 'en', load);

    expect(await heroes.reader.findList('findByLanguage', 'en', load)).toEqual([marie(), arthur()]);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['few', 0, 3],
    ['many', 0, 250],
  ])('of %s entities is loaded anew when one of them changes, whatever its values', async (_, from, to) => {
    const load = loading(() => many.slice(from, to));
    await heroes.reader.findList('findByLanguage', 'en', load);
    await heroes.changed({ ids: [1] });
    await heroes.reader.findList('findByLanguage', 'en', load);

    expect(load).toHaveBeenCalledTimes(2);
  });

  it('is loaded anew when an entity enters it', async () => {
    const load = loading(() => [marie()]);
    await heroes.reader.findList('findByLanguage', 'fr', load);
    await heroes.changed({ rows: [new Hero({ id: 9, name: 'Luc', language: Language.French })] });
    await heroes.reader.findList('findByLanguage', 'fr', load);

    expect(load).toHaveBeenCalledTimes(2);
  });

  it('stays when others change', async () => {
    const french = loading(() => [marie()]);
    const byName = loading(marie);
    await heroes.reader.findList('findByLanguage', 'fr', french);
    await heroes.reader.findByIndex('findByName', 'Marie', byName);
    await heroes.changed({ rows: [arthur()] });
    await heroes.reader.findList('findByLanguage', 'fr', french);
    await heroes.reader.findByIndex('findByName', 'Marie', byName);

    expect(french).toHaveBeenCalledTimes(1);
    expect(byName).toHaveBeenCalledTimes(1);
  });

  it('of all is loaded anew when any entity changes', async () => {
    const load = loading(() => many);
    await heroes.reader.findAll(load);
    await heroes.reader.findAll(load);
    expect(load).toHaveBeenCalledTimes(1);

    await heroes.changed({ ids: [999] });
    await heroes.reader.findAll(load);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('is not cached where the repository returns none', async () => {
    const page = { items: [arthur()], total: 1 };
    const load = loading(() => page as never);

    expect(await heroes.reader.findAll(load)).toBe(page);
    expect(await heroes.reader.findAll(load)).toBe(page);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('is not cached where one in it is no entity', async () => {
    const load = loading(() => [arthur(), { name: 'nobody' } as Hero]);

    expect(await heroes.reader.findAll(load)).toEqual([arthur(), { name: 'nobody' }]);
    expect(await cache.has('hero.all')).toBe(false);
  });
});

describe('an invalidation while a load is on its way', () => {
  it.each<[string, (load: () => Promise<Hero[]>) => Promise<unknown>]>([
    ['by the value of the index', (load) => heroes.reader.findList('findByLanguage', 'en', load)],
    ['by an entity that only the result names', (load) => heroes.reader.findList('findByLanguage', 'other', load)],
    ['of all', (load) => heroes.reader.findAll(load)],
    ['of an id', (load) => heroes.reader.findById(1, async () => (await load())[0])],
    ['of ids', (load) => heroes.reader.findByIds([1], load)],
  ])('keeps what was loaded before out of the cache: %s', async (_, read) => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const old = read(async () => {
      const result = [arthur()];
      await gate;
      return result;
    });
    await new Promise((resolve) => setImmediate(resolve));
    await heroes.changed({ rows: [arthur()] });
    release();
    await old;
    const load = loading(() => [new Hero({ id: 1, name: 'new', language: Language.English })]);
    await read(load);

    expect(load).toHaveBeenCalledTimes(1);
  });
});

describe('what cannot be cached', () => {
  class Villain extends Hero {}

  it('is given by the repository each time: an instance of a class that the strategy does not name', async () => {
    const load = loading(() => new Villain({ id: 1, name: 'Mordred', language: Language.English }));

    expect(await heroes.reader.findById(1, load)).toBeInstanceOf(Villain);
    expect(await heroes.reader.findById(1, load)).toBeInstanceOf(Villain);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('types'));
  });

  it.each<[string, unknown]>([
    ['a number', 7],
    ['an object without an id', { name: 'nobody' }],
  ])('is given by the repository each time: %s', async (_, result) => {
    const load = loading(() => result as Hero);

    expect(await heroes.reader.findById(1, load)).toBe(result);
    expect(await heroes.reader.findById(1, load)).toBe(result);
  });

  it('is given by the repository each time: what a function of the strategy fails for', async () => {
    class Failing extends HeroStrategy {
      override tags(): string[] {
        throw new Error('no tags today');
      }
    }
    const failing = cachedBy(new Failing());

    expect(await failing.reader.findById(1, loading(arthur))).toEqual(arthur());
    expect(warn).toHaveBeenCalledWith(expect.any(String), { cause: expect.stringContaining('no tags today') });
  });

  it('is given by the repository, where the value is of no supported type', async () => {
    const load = loading(() => Object.assign(arthur(), { shout: () => 'hey' }) as Hero);

    const [one, other] = await Promise.all([heroes.reader.findById(1, load), heroes.reader.findById(1, load)]);
    expect(one).toMatchObject({ name: 'Arthur' });
    expect(other).not.toBe(one);
    expect(await cache.has('hero:1')).toBe(false);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.any(String), { cause: expect.stringContaining('$.shout') });
  });
});

describe('an entry that cannot be brought back', () => {
  class Versioned extends HeroStrategy {
    override serialize(hero: Hero): unknown {
      return Object.assign({}, hero, { format: 2 });
    }

    override deserialize(stored: unknown): Hero {
      if ((stored as { format?: number }).format !== 2) throw new Error('an old format');
      return new Hero(stored as Hero);
    }
  }

  it('is replaced', async () => {
    await heroes.reader.findById(1, loading(arthur));
    await heroes.reader.findByIds(
      [2],
      loading(() => [marie()]),
    );
    await heroes.reader.findAll(loading(() => [arthur()]));
    const newer = cachedBy(new Versioned());
    const [one, several, all] = [loading(arthur), loading(() => [marie()]), loading(() => [arthur()])];
    for (let times = 0; times < 2; times++) {
      expect(await newer.reader.findById(1, one)).toEqual(arthur());
      expect(await newer.reader.findByIds([2], several)).toEqual([marie()]);
      expect(await newer.reader.findAll(all)).toEqual([arthur()]);
    }

    expect([one, several, all].map((load) => load.mock.calls.length)).toEqual([1, 1, 1]);
  });

  it('is not waited for: the repository answers', async () => {
    class Hopeless extends Versioned {
      override deserialize(): Hero {
        throw new Error('never');
      }
    }
    const hopeless = cachedBy(new Hopeless());

    expect(await hopeless.reader.findById(1, loading(arthur))).toEqual(arthur());
    expect(
      await hopeless.reader.findByIds(
        [1],
        loading(() => [arthur()]),
      ),
    ).toEqual([arthur()]);
    expect(await hopeless.reader.findAll(loading(() => [arthur()]))).toEqual([arthur()]);
  });

  it('is replaced when somebody else has put something under its key', async () => {
    await cache.set('hero.all', 'not a list');

    expect(await heroes.reader.findAll(loading(() => [arthur()]))).toEqual([arthur()]);
    expect(await heroes.reader.findAll(loading(() => [marie()]))).toEqual([arthur()]);
  });
});

describe('a cache that fails', () => {
  const fault = new InvalidKeyError('key', '');
  const broken = { getOrSet: () => Promise.reject(fault), getOrSetMany: () => Promise.reject(fault) };

  it('is no reason for a read to fail', async () => {
    const failing = cachedBy(new HeroStrategy(), { cache: { ...broken, deleteByTag: () => Promise.reject(fault) } });

    expect(await failing.reader.findById(1, loading(arthur))).toEqual(arthur());
    expect(
      await failing.reader.findByIds(
        [1],
        loading(() => [arthur()]),
      ),
    ).toEqual([arthur()]);
    expect(await failing.reader.findAll(loading(() => [arthur()]))).toEqual([arthur()]);
    expect(failing.stats()).toMatchObject({ hits: 0, misses: 3 });
  });

  it('is no reason for a write to fail', async () => {
    const failing = cachedBy(new HeroStrategy(), { cache: { ...broken, deleteByTag: () => Promise.reject(fault) } });

    expect(await failing.changed({ ids: [1] })).toEqual({ confirmed: false, count: 0 });
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

describe('invalidate', () => {
  it('makes what the row is in and belongs in unservable', async () => {
    const [one, english, french] = [loading(arthur), loading(() => [arthur()]), loading<Hero[]>(() => [])];
    const read = async (): Promise<void> => {
      await heroes.reader.findById(1, one);
      await heroes.reader.findList('findByLanguage', 'en', english);
      await heroes.reader.findList('findByLanguage', 'fr', french);
    };
    await read();
    rows.rows = [Object.assign(arthur(), { language: Language.French })];
    await heroes.invalidate(1);
    await read();

    expect([one, english, french].map((load) => load.mock.calls.length)).toEqual([2, 2, 2]);
  });

  it('takes entities too, and leaves the rest', async () => {
    const [one, other] = [loading(arthur), loading(marie)];
    const read = async (): Promise<void> => {
      await heroes.reader.findById(1, one);
      await heroes.reader.findById(2, other);
    };
    await read();
    expect(await heroes.invalidate(arthur())).toMatchObject({ confirmed: true });
    await read();

    expect([one, other].map((load) => load.mock.calls.length)).toEqual([2, 1]);
    expect(heroes.stats()).toMatchObject({ invalidations: 1, fullInvalidations: 0 });
  });

  it('does nothing for nothing', async () => {
    expect(await heroes.invalidate()).toEqual({ confirmed: true, count: 0 });
    expect(heroes.stats().invalidations).toBe(0);
  });

  it.each<[string, Partial<CachedRepositoryParts<Hero, number>>]>([
    ['nobody knows the rows', { rows: undefined as never }],
    ['the rows cannot be read', { rows: { load: () => Promise.reject(new Error('connection lost')) } }],
  ])('makes everything unservable when %s', async (_, parts) => {
    const blind = cachedBy(new HeroStrategy(), parts);
    const load = loading(() => [marie()]);
    await blind.reader.findList('findByLanguage', 'fr', load);
    await blind.invalidate(1);
    await blind.reader.findList('findByLanguage', 'fr', load);

    expect(load).toHaveBeenCalledTimes(2);
    expect(blind.stats()).toMatchObject({ invalidations: 1, fullInvalidations: 1 });
  });

  it('makes everything unservable when what changed cannot be derived', async () => {
    class Failing extends HeroStrategy {
      override readonly lists = {
        findByLanguage: list<Hero>(() => {
          throw new Error('no language');
        }),
      };
    }
    const failing = cachedBy(new Failing());
    await failing.changed({ rows: [arthur()] });

    expect(failing.stats()).toMatchObject({ fullInvalidations: 1 });
  });
});

describe('invalidateAll', () => {
  it('makes every entry unservable, and nothing that is not of the repository', async () => {
    await cache.set('mine', 1);
    const loads = [loading(arthur), loading(() => [arthur()]), loading(() => [arthur()]), loading(arthur)];
    const read = async (): Promise<void> => {
      await heroes.reader.findById(1, loads[0] as never);
      await heroes.reader.findByIds([2], loads[1] as never);
      await heroes.reader.findAll(loads[2] as never);
      await heroes.reader.findByIndex('findByName', 'x', loads[3] as never);
    };
    await read();
    await heroes.invalidateAll();
    await read();

    expect([0, 2, 3].map((at) => loads[at]?.mock.calls.length)).toEqual([2, 2, 2]);
    expect(await cache.get('mine')).toBe(1);
  });
});

describe('tags of the strategy', () => {
  it('invalidate every entry that the entity is in', async () => {
    class Tagged extends HeroStrategy {
      override tags(hero: Hero): string[] {
        return [`language:${hero.language}`];
      }
    }
    const tagged = cachedBy(new Tagged());
    const load = loading(() => [arthur()]);
    await tagged.reader.findAll(load);
    await cache.deleteByTag('language:en');
    await tagged.reader.findAll(load);

    expect(load).toHaveBeenCalledTimes(2);
  });
});

describe('a change of a repository that writes through', () => {
  class Through extends HeroStrategy {
    override readonly write = 'through';
  }
  let through: CachedRepository<Hero>;

  beforeEach(() => {
    through = cachedBy(new Through());
  });

  it('loads the entities that it names, each once, and caches them', async () => {
    const reload = jest.fn(async (id: number) => (id === 1 ? arthur() : null));
    const load = loading(arthur);
    through.reload = reload;
    await through.changed({ ids: [1, 2], rows: [arthur()] });

    expect(reload.mock.calls).toEqual([[1], [2]]);
    expect(await through.reader.findById(1, load)).toEqual(arthur());
    expect(await through.reader.findById(2, load)).toBeNull();
    expect(load).not.toHaveBeenCalled();
  });

  it('is confirmed and told of nowhere, when loading says that there is no such entity any more', async () => {
    class HeroNotFoundError extends Error {}
    through.reload = async () => Promise.reject(new HeroNotFoundError());

    expect(await through.changed({ ids: [1] })).toMatchObject({ confirmed: true });
    expect(warn).not.toHaveBeenCalled();
  });

  it('is confirmed when an entity cannot be loaded, which is told as such, and caches the others', async () => {
    const load = loading(marie);
    through.reload = async (id) => (id === 1 ? Promise.reject(new Error('connection lost')) : marie());

    expect(await through.changed({ ids: [1, 2] })).toMatchObject({ confirmed: true });
    expect(warn.mock.calls).toEqual([
      [expect.stringContaining('could not be loaded'), { cause: expect.stringContaining('connection lost') }],
    ]);
    expect(await through.reader.findById(2, load)).toEqual(marie());
    expect(load).not.toHaveBeenCalled();
  });
});
