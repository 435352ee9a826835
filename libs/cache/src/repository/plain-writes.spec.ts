import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { CachedRepository } from './cached-repository.js';
import { CacheStrategy } from './cache-strategy.js';
import type { WriteKind } from './conventional-methods.js';
import type { EntityChange } from './entity-change.js';
import { PlainWrites } from './plain-writes.js';

interface Hero {
  id?: number;
  name?: string;
}

class HeroStrategy extends CacheStrategy<Hero> {
  override readonly entity = 'hero';
  override readonly ttl = '1h';

  override id(hero: Hero): number | undefined {
    return hero.id;
  }
}

const table = new Map<number, Hero>();
const load = jest.fn<(ids: readonly number[]) => Promise<Hero[] | undefined>>();
const changed = jest.fn<(change: EntityChange<Hero, number>) => Promise<void>>();
const cached = { changed } as unknown as CachedRepository<Hero>;
const writes = new PlainWrites(cached, new HeroStrategy(), { load: (ids) => load(ids) });

beforeEach(() => {
  table.clear();
  table.set(1, { id: 1, name: 'Arthur' });
  table.set(2, { id: 2, name: 'Marie' });
  changed.mockReset().mockResolvedValue();
  load
    .mockReset()
    .mockImplementation(async (ids) => ids.flatMap((id) => ({ ...table.get(id) })).filter(({ id }) => id));
});

/** Runs a write that does `work` and returns `result`; gives the change that was told. */
async function changeOf(
  kind: WriteKind,
  args: unknown[],
  result?: unknown,
  work: () => void = () => undefined,
): Promise<unknown> {
  await writes.byConvention(kind, args, async () => {
    expect(changed).not.toHaveBeenCalled();
    work();
    return result;
  });
  expect(changed).toHaveBeenCalledTimes(1);
  return changed.mock.calls[0]?.[0];
}

const rename = (id: number, name: string) => () => table.set(id, { id, name });

describe('a write with one of the usual names', () => {
  it('changes the row as it was and as it is, by its id', async () => {
    expect(await changeOf('save', [1, { name: 'Art' }], undefined, rename(1, 'Art'))).toEqual({
      ids: [1],
      rows: [
        { id: 1, name: 'Arthur' },
        { id: 1, name: 'Art' },
      ],
    });
  });

  it('changes the row as it was and as it is, by the entity', async () => {
    const change = await changeOf('save', [{ id: 1, name: 'Art' }], { id: 1 }, rename(1, 'Art'));

    expect(change).toMatchObject({ rows: [{ name: 'Arthur' }, { name: 'Art' }] });
  });

  it('takes the row from the database, not from its arguments or its result', async () => {
    const change = await changeOf('save', [{ id: 1, name: 'asked' }], { id: 1, name: 'told' }, rename(1, 'stored'));

    expect(change).toMatchObject({ rows: [{ name: 'Arthur' }, { name: 'stored' }] });
  });

  it('changes several', async () => {
    expect(await changeOf('remove', [[1, 2]])).toMatchObject({ ids: [1, 2], rows: [{ id: 1 }, { id: 2 }] });
    changed.mockClear();
    expect(await changeOf('remove', [[{ id: 1 }, { id: 2 }]])).toMatchObject({ ids: [1, 2] });
  });

  it('changes nothing when it is given an empty list', async () => {
    expect(await changeOf('save', [[]])).toEqual({ ids: [], rows: [] });
    expect(load).not.toHaveBeenCalled();
  });

  it('adds the row that it creates', async () => {
    const change = await changeOf('create', [{ name: 'Luc' }], { id: 3, name: 'Luc' }, rename(3, 'Luc'));

    expect(change).toEqual({ ids: [3], rows: [{ id: 3, name: 'Luc' }] });
  });

  it('adds the row that it saves without an id', async () => {
    expect(await changeOf('save', [{ name: 'Luc' }], { id: 3 }, rename(3, 'Luc'))).toMatchObject({ ids: [3] });
  });

  it.each<[string, WriteKind, unknown[], unknown]>([
    ['it is given nothing', 'remove', [], undefined],
    ['it is given criteria', 'save', [{ name: 'Arthur' }, { name: 'Art' }], { affected: 2 }],
    ['it has further arguments that may be the id', 'save', ['acme', 1, { name: 'Art' }], undefined],
    ['it creates several and does not return them', 'create', [[{ name: 'a' }, { name: 'b' }]], { count: 2 }],
    ['it creates several and returns some', 'create', [[{ name: 'a' }, { name: 'b' }]], [{ id: 3 }]],
    ['it creates one and returns no more than an id', 'create', [{ name: 'a' }], 3],
    ['it is given values that are no ids', 'remove', [['acme', 7]], undefined],
    ['it is given null', 'save', [null], undefined],
  ])('changes everything when %s', async (_, kind, args, result) => {
    expect(await changeOf(kind, args, result)).toBe('everything');
  });

  it.each([() => Promise.resolve(undefined), () => Promise.reject(new Error('connection lost'))])(
    'changes everything when the rows cannot be read, and does not fail for it',
    async (loading) => {
      load.mockImplementation(loading);

      expect(await changeOf('save', [1])).toBe('everything');
    },
  );

  it('changes everything when the rows can no more be read after it', async () => {
    load.mockImplementationOnce(async () => [{ id: 1 }]).mockResolvedValueOnce(undefined);

    expect(await changeOf('save', [1])).toBe('everything');
  });

  it('does not look for rows that it removed', async () => {
    await changeOf('remove', [1]);

    expect(load).toHaveBeenCalledTimes(1);
  });

  it('takes an argument that the strategy cannot look into for one without an id', async () => {
    class Nested extends HeroStrategy {
      override id(hero: Hero & { key?: { id: number } }): number | undefined {
        return (hero.key as { id: number }).id;
      }
    }
    const nested = new PlainWrites(cached, new Nested(), { load: (ids) => load(ids) });
    await nested.byConvention('save', [{ name: 'Luc' }], async () => ({ key: { id: 1 } }));

    expect(changed).toHaveBeenCalledWith(expect.objectContaining({ ids: [1] }));
  });
});

describe('create()', () => {
  it('that only makes an object returns it at once', () => {
    const made = { name: 'Luc' };

    expect(writes.byConvention('create', [made], () => made)).toBe(made);
    expect(changed).not.toHaveBeenCalled();
  });
});

describe('a write that fails', () => {
  const error = new Error('connection lost');
  const fail = () => Promise.reject(error);
  const endless = Object.defineProperty({}, 'cause', { get: () => endless }) as { cause: unknown };

  it('is told with its own error, after what it may have changed', async () => {
    await expect(writes.byConvention('save', [1], fail)).rejects.toBe(error);
    expect(changed).toHaveBeenCalledWith(expect.objectContaining({ ids: [1] }));
  });

  it('may have created some of many', async () => {
    await expect(writes.byConvention('create', [[{ name: 'a' }, { name: 'b' }]], fail)).rejects.toBe(error);
    expect(changed).toHaveBeenCalledWith('everything');
  });

  it('may have created one before it lost its connection', async () => {
    await expect(writes.byConvention('create', [{ name: 'a' }], fail)).rejects.toBe(error);
    expect(changed).toHaveBeenCalledWith('everything');
  });

  it.each<[string, object]>([
    ['of the driver of PostgreSQL', { code: '23505' }],
    ['of the driver of MySQL', { code: 'ER_DUP_ENTRY', sqlState: '23000' }],
    ['of TypeORM', { driverError: { code: '23502' } }],
    ['with a cause', { cause: Object.assign(new Error('insert failed'), { cause: { code: '23503' } }) }],
  ])('has not created the one that a constraint forbids, by an error %s', async (_, clues) => {
    const refused = Object.assign(new Error('duplicate key'), clues);
    await expect(writes.byConvention('create', [{ name: 'a' }], () => Promise.reject(refused))).rejects.toBe(refused);
    expect(changed).toHaveBeenCalledWith({});
  });

  it.each<[string, object]>([
    ['another class of SQL states', { code: '08006' }],
    ['a code that only begins like one', { code: '230501' }],
    ['a code that is no text', { code: 23505 }],
    ['a cause without end', { cause: endless }],
    ['a cause that is no error', { cause: 'connection lost' }],
  ])('may have created one when it fails with %s', async (_, clues) => {
    const failed = Object.assign(new Error('insert failed'), clues);
    await expect(writes.byConvention('create', [{ name: 'a' }], () => Promise.reject(failed))).rejects.toBe(failed);
    expect(changed).toHaveBeenCalledWith('everything');
  });
});

describe('a declared write', () => {
  it('changes the rows with the ids that the strategy reads from its arguments', async () => {
    const result = await writes.byDeclaration(
      (_name: string, id: number) => [id],
      ['Art', 1],
      async () => {
        table.set(1, { id: 1, name: 'Art' });
        return 'done';
      },
    );

    expect(result).toBe('done');
    expect(changed).toHaveBeenCalledWith({
      ids: [1],
      rows: [
        { id: 1, name: 'Arthur' },
        { id: 1, name: 'Art' },
      ],
    });
  });

  it.each(['everything' as const, () => 'everything' as const])('can change everything', async (written) => {
    await writes.byDeclaration(written, [], () => Promise.resolve());

    expect(changed).toHaveBeenCalledWith('everything');
  });

  it('changes everything when the strategy fails', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValueOnce();
    const failing = () => {
      throw new Error('no ids');
    };
    expect(await writes.byDeclaration(failing, [], async () => 'done')).toBe('done');
    expect(changed).toHaveBeenCalledWith('everything');
    expect(warn).toHaveBeenCalledWith(expect.any(String), { cause: expect.stringContaining('no ids') });
    warn.mockRestore();
  });
});
