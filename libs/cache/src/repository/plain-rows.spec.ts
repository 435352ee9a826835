import { NotFoundException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { isWithin } from './calls-within.js';
import { CacheStrategy } from './cache-strategy.js';
import { PlainRows } from './plain-rows.js';

interface Hero {
  id: number;
}

class HeroStrategy extends CacheStrategy<Hero> {
  override readonly entity = 'hero';
  override readonly ttl = '1h';

  override id(hero: Hero): number {
    return hero.id;
  }
}

const cached = {};
const NONE = { byId: undefined, byIds: undefined };

function rowsOf(
  repository: object,
  methods: Partial<typeof NONE | Record<keyof typeof NONE, string>>,
): PlainRows<Hero, number> {
  return new PlainRows(new HeroStrategy(), repository, { ...NONE, ...methods }, cached);
}

/** A method by id that throws for the id 9. */
function findingById(error: Error): object {
  return {
    async find(id: number): Promise<Hero> {
      if (id === 9) throw error;
      return { id };
    },
  };
}

describe('PlainRows', () => {
  it('reads with the method by ids, and leaves out what that marks as missing', async () => {
    const repository = { find: async (ids: number[]) => [{ id: 1 }, null, undefined, ...ids.map((id) => ({ id }))] };

    expect(await rowsOf(repository, { byId: 'other', byIds: 'find' }).load([2])).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('reads one by one where there is only a method by id', async () => {
    const repository = { find: async (id: number) => (id === 9 ? null : { id }) };

    expect(await rowsOf(repository, { byId: 'find' }).load([1, 9, 2])).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('reads past the cache', async () => {
    const repository = { find: async () => (isWithin(cached) ? [{ id: 1 }] : []) };

    expect(await rowsOf(repository, { byIds: 'find' }).load([1])).toHaveLength(1);
  });

  it.each([
    new NotFoundException(),
    new (class EntityNotFoundError extends Error {})(),
    Object.assign(new Error(), { status: 404 }),
  ])('takes %p for a row that does not exist', async (error) => {
    expect(await rowsOf(findingById(error), { byId: 'find' }).load([1, 9])).toEqual([{ id: 1 }]);
  });

  it('throws what else the repository throws', async () => {
    const error = new Error('connection lost');

    await expect(rowsOf(findingById(error), { byId: 'find' }).load([1, 9])).rejects.toBe(error);
    await expect(rowsOf(findingById('no error' as never), { byId: 'find' }).load([9])).rejects.toBe('no error');
  });

  it.each<[string, PlainRows<Hero, number>, number[]]>([
    ['there is no method to read with', rowsOf({}, {}), [1]],
    ['the method by ids returns no list', rowsOf({ find: async () => new Map() }, { byIds: 'find' }), [1]],
    [
      'they are many, to be read one by one',
      rowsOf({ find: async (id: number) => ({ id }) }, { byId: 'find' }),
      Array.from({ length: 51 }, (_, id) => id),
    ],
  ])('knows nothing when %s', async (_, rows, ids) => {
    expect(await rows.load(ids)).toBeUndefined();
  });

  it('reads as the strategy says', async () => {
    class Loading extends HeroStrategy {
      override loadCurrent = async (ids: readonly number[]): Promise<Hero[]> => ids.map((id) => ({ id }));
    }
    const rows = new PlainRows(new Loading(), {}, NONE, cached);

    expect(await rows.load([1, 2])).toEqual([{ id: 1 }, { id: 2 }]);
  });
});
