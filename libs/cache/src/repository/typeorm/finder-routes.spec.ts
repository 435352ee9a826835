import { describe, expect, it } from '@jest/globals';
import { Equal, In, Not } from 'typeorm';
import { list, unique } from '../entity-index.js';
import { finderRoutes } from './finder-routes.js';
import type { EntityMetadataShape } from './typeorm-shapes.js';

interface Hero {
  id: number;
  name: string;
  language: string;
}

const methods = {
  indexes: new Map([['byName', unique<Hero>('name')]]),
  lists: new Map([['byLanguage', list<Hero>('language')]]),
};

function routesOf(...keys: string[]): ReturnType<typeof finderRoutes<Hero, number>> {
  const metadata = { primaryColumns: keys.map((propertyName) => ({ propertyName })) } as unknown as EntityMetadataShape;
  return finderRoutes<Hero, number>(metadata, methods as never);
}

const routes = routesOf('id');

describe('a finder of one', () => {
  it.each<[string, unknown[], object]>([
    ['findOneBy', [{ id: 1 }], { by: 'id', id: 1 }],
    ['findOne', [{ where: { id: 1 } }], { by: 'id', id: 1 }],
    ['findOneBy', [{ name: 'Arthur' }], { by: 'unique', index: 'byName', key: 'Arthur' }],
    ['findOne', [{ where: { name: 'Arthur' } }], { by: 'unique', index: 'byName', key: 'Arthur' }],
  ])('%s(%j) is understood', (method, args, question) => {
    expect(routes.get(method)?.(args)).toEqual(question);
  });

  it.each<[string, unknown[]]>([
    ['findOneBy', []],
    ['findOneBy', [null]],
    ['findOneBy', [{ language: 'en' }]],
    ['findOneBy', [{ id: 1, name: 'Arthur' }]],
    ['findOneBy', [{ id: Equal(1) }]],
    ['findOneBy', [[{ id: 1 }, { id: 2 }]]],
    ['findOne', [{}]],
    ['findOne', [{ order: { id: 'ASC' } }]],
    ['findOne', [{ where: [{ id: 1 }] }]],
    ['findOne', [{ where: { id: 1 }, lock: { mode: 'pessimistic_write' } }]],
    ['findOne', [{ where: { id: 1 } }, 'more']],
  ])('%s(%j) is not', (method, args) => {
    expect(routes.get(method)?.(args)).toBeUndefined();
  });
});

describe('a finder of several', () => {
  it.each<[string, unknown[], object]>([
    ['find', [], { by: 'all' }],
    ['find', [{}], { by: 'all' }],
    ['find', [{ where: {} }], { by: 'all' }],
    ['findBy', [{}], { by: 'all' }],
    ['findBy', [{ language: 'en' }], { by: 'list', index: 'byLanguage', key: 'en' }],
    ['find', [{ where: { language: 'en' } }], { by: 'list', index: 'byLanguage', key: 'en' }],
  ])('%s(%j) is understood', (method, args, question) => {
    expect(routes.get(method)?.(args)).toEqual(question);
  });

  it.each<[string, (where: object) => unknown]>([
    ['findBy', (where) => where],
    ['find', (where) => ({ where })],
  ])('%s with In of keys is understood, and asks for fewer in the same way', (method, argument) => {
    const question = routes.get(method)?.([argument({ id: In([1, 2, 3]) })]);

    expect(question).toMatchObject({ by: 'ids', ids: [1, 2, 3] });
    if (question?.by !== 'ids') throw new Error('not by ids');
    expect(question.argumentsFor([2])).toEqual([argument({ id: In([2]) })]);
  });

  it.each<[string, unknown[]]>([
    ['find', [{ order: { id: 'ASC' } }]],
    ['find', [{ where: { language: 'en' }, take: 3 }]],
    ['find', ['all']],
    ['findBy', [{ id: 1 }]],
    ['findBy', [{ id: In([]) }]],
    ['findBy', [{ id: In([null]) }]],
    ['findBy', [{ id: Not(In([1])) }]],
    ['findBy', [{ id: In([1]), language: 'en' }]],
    ['findBy', [{ language: In(['en']) }]],
    ['findBy', [{ name: 'Arthur' }]],
  ])('%s(%j) is not', (method, args) => {
    expect(routes.get(method)?.(args)).toBeUndefined();
  });
});

describe('a key of several columns', () => {
  it('is asked past the cache', () => {
    const composite = routesOf('tenantId', 'id');

    expect(composite.get('findOneBy')?.([{ tenantId: 1, id: 1 }])).toBeUndefined();
    expect(composite.get('findOneBy')?.([{ id: 1 }])).toBeUndefined();
    expect(composite.get('findBy')?.([{ id: In([1]) }])).toBeUndefined();
    expect(composite.get('findOneBy')?.([{ name: 'Arthur' }])).toMatchObject({ by: 'unique' });
  });
});
