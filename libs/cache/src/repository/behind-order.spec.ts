import { describe, expect, it } from '@jest/globals';
import { idsOfConventional, idsOfDeclared } from './behind-order.js';
import { CONVENTIONAL_WRITES } from './conventional-methods.js';
import type { EntityId } from './key-part.js';

interface Row {
  readonly id?: EntityId;
}

function idsOf(method: string, ...args: unknown[]): readonly EntityId[] | 'everything' {
  const kind = CONVENTIONAL_WRITES.get(method);
  if (kind === undefined) throw new Error(`no conventional method: ${method}`);
  return idsOfConventional<EntityId>({ method, kind }, args, ({ id }: Row) => id);
}

describe('the entities that a write may change', () => {
  it.each<[string, unknown[], readonly EntityId[]]>([
    ['delete', [1], [1]],
    ['update', [1, { name: 'Ada' }], [1]],
    ['update', [{ id: 1 }, { name: 'Ada' }], [1]],
    ['remove', [[{ id: 1 }, { id: 2 }]], [1, 2]],
    ['saveMany', [[{ id: 1 }, { id: 2 }]], [1, 2]],
  ])('are those that it is given: %s %j', (method, args, ids) => {
    expect(idsOf(method, ...args)).toEqual(ids);
  });

  it('are those with the values of a list as ids, and the one with all of them as the parts of its id', () => {
    expect(idsOf('delete', [1, 2])).toEqual([1, 2, [1, 2]]);
  });

  it.each<[string, unknown[]]>([
    ['clear', []],
    ['delete', [1, 2]],
    ['update', [{ name: 'Ada' }, { name: 'Bo' }]],
    ['delete', [{ id: { operator: 'moreThan', value: 1 } }]],
    ['remove', [[{ id: 1 }, { name: 'Ada' }]]],
    ['upsert', [{ id: 1, name: 'Ada' }, ['name']]],
  ])('are all where the arguments do not tell: %s %j', (method, args) => {
    expect(idsOf(method, ...args)).toBe('everything');
  });

  it('are none where it makes them', () => {
    expect(idsOf('create', { id: 1 })).toEqual([]);
    expect(idsOf('insert', { name: 'Ada' })).toEqual([]);
    expect(idsOf('saveMany', [{ name: 'Ada' }, { id: 1 }])).toEqual([1]);
  });

  it('are those that the strategy tells, and all where it does not', () => {
    expect(idsOfDeclared((id: number) => [id], [1])).toEqual([1]);
    expect(idsOfDeclared(() => 'everything', [])).toBe('everything');
    expect(idsOfDeclared('everything', [])).toBe('everything');
    expect(idsOfDeclared((row: { id: number }) => [row.id], [undefined])).toBe('everything');
    expect(idsOfDeclared(() => [undefined as never], [])).toBe('everything');
  });
});
