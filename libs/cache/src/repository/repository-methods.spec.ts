import { describe, expect, it } from '@jest/globals';
import { CacheStrategy } from './cache-strategy.js';
import type { RepositoryReads } from './cache-strategy.js';
import { list, unique } from './entity-index.js';
import { findMethods, methodNames } from './repository-methods.js';
import { strategyProblems } from './strategy-rules.js';

interface Hero {
  id: number;
  name: string;
}

class HeroStrategy extends CacheStrategy<Hero> {
  override readonly entity = 'hero';
  override readonly ttl = '1h';

  override id(hero: Hero): number {
    return hero.id;
  }
}

const strategy = (declared: object): HeroStrategy => Object.assign(new HeroStrategy(), declared);

describe('findMethods', () => {
  const usual = ['findById', 'findByIds', 'findAll', 'findByName', 'save', 'create', 'deleteById', 'rename', 'list'];

  it('finds the usual methods', () => {
    const { methods, problems } = findMethods(new HeroStrategy(), usual, false);

    expect(problems).toEqual([]);
    expect(methods).toMatchObject({ byId: 'findById', byIds: 'findByIds', all: 'findAll' });
    expect(Object.fromEntries(methods.conventionalWrites)).toEqual({
      save: 'save',
      create: 'create',
      deleteById: 'remove',
    });
  });

  it('finds no more than there are', () => {
    const { methods } = findMethods(new HeroStrategy(), ['findById'], false);

    expect(methods).toMatchObject({ byId: 'findById', byIds: undefined, all: undefined });
    expect(methods.conventionalWrites.size).toBe(0);
  });

  it('prefers what is declared', () => {
    const reads: RepositoryReads = { all: 'list', byIds: false };
    const { methods, problems } = findMethods(
      strategy({
        reads,
        indexes: { findByName: unique<Hero>('name') },
        writes: { rename: 'everything', create: false },
      }),
      usual,
      false,
    );

    expect(problems).toEqual([]);
    expect(methods).toMatchObject({ byId: 'findById', byIds: undefined, all: 'list' });
    expect([...methods.declaredWrites.keys()]).toEqual(['rename']);
    expect([...methods.conventionalWrites.keys()]).toEqual(['save', 'deleteById']);
  });

  it('leaves a usual name to the index that is declared under it', () => {
    const { methods, problems } = findMethods(strategy({ indexes: { findById: unique<Hero>('name') } }), usual, false);

    expect(problems).toEqual([]);
    expect(methods.byId).toBeUndefined();
  });

  it('names every method that is not there, and what may be meant', () => {
    const { problems } = findMethods(
      strategy({
        reads: { byId: 'findByID' },
        indexes: { findByNam: unique<Hero>('name') },
        writes: { destroyThemAll: 'everything' },
      }),
      usual,
      false,
    );

    expect(problems).toEqual([
      expect.stringMatching(/no method findByID; did you mean 'findById'/),
      expect.stringMatching(/no method findByNam; did you mean 'findByName'/),
      expect.stringMatching(/no method destroyThemAll; there are findById, findByIds/),
    ]);
  });

  it('names a method that is declared for two things', () => {
    const { problems } = findMethods(
      strategy({ reads: { all: 'list' }, lists: { list: list<Hero>('name') } }),
      usual,
      false,
    );

    expect(problems).toEqual(['the method list is declared twice']);
  });

  it('lets indexes have any name where general finders ask them', () => {
    const { problems } = findMethods(strategy({ indexes: { byName: unique<Hero>('name') } }), usual, true);

    expect(problems).toEqual([]);
  });
});

describe('methodNames', () => {
  it('finds own, inherited and assigned methods, and asks no accessor', () => {
    class Base {
      inherited(): void {}
    }
    class Repository extends Base {
      assigned = (): void => undefined;
      field = 1;
      get accessor(): () => void {
        throw new Error('asked');
      }
      own(): void {}
    }

    expect(new Set(methodNames(new Repository()))).toEqual(new Set(['assigned', 'own', 'inherited']));
  });
});

describe('strategyProblems', () => {
  it('finds nothing wrong with one that has what it needs', () => {
    expect(strategyProblems(new HeroStrategy())).toEqual([]);
  });

  it.each<[object, string]>([
    [{ ttl: 3600 }, "ttl is 3600; write a duration, such as '1h'"],
    [{ ttl: undefined }, 'ttl is a value of type undefined'],
    [{ entity: undefined }, 'entity is a value of type undefined; write the class of the entity, or its name'],
    [{ entity: '' }, 'the name of its entity is ""'],
    [{ name: 'my.hero' }, 'the name of its entity is "my.hero"; write one without'],
    [{ id: undefined }, 'id is missing'],
    [{ serialize: () => 1 }, 'only one of serialize and deserialize'],
    [{ reads: { byID: 'findById' } }, "reads.byID is unknown; did you mean 'byId'"],
    [{ reads: { toString: 'findById' } }, 'reads.toString is unknown'],
    [{ writes: { rename: true } }, "writes.rename is true; write a function that gives the ids, 'everything' or false"],
    [
      { indexes: { findByName: list<Hero>('name') } },
      "indexes.findByName is no unique index; write unique<Entity>('property')",
    ],
    [{ lists: { findByName: (hero: Hero) => hero.name } }, 'lists.findByName is no list; write list<Entity>'],
  ])('says what is wrong with %p', (wrong, problem) => {
    expect(strategyProblems(strategy(wrong))).toEqual([expect.stringContaining(problem)]);
  });
});
