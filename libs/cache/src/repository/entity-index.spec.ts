import { describe, expect, it } from '@jest/globals';
import { list, unique } from './entity-index.js';

interface Child {
  name: string;
  age: number;
  interests?: string[];
  parentId: number | null;
}

const mia: Child = { name: 'Mia', age: 7, interests: ['space', 'owls'], parentId: null };

describe('the keys of an entity', () => {
  it('are the values of its properties', () => {
    expect(unique<Child>('name').keysOf(mia)).toEqual(['Mia']);
    expect(list<Child>('name', 'age').keysOf(mia)).toEqual(['Mia,7']);
  });

  it('can be computed', () => {
    expect(unique((child: Child) => child.name.toLowerCase()).keysOf(mia)).toEqual(['mia']);
  });

  it('are one for each item of a property that is a list', () => {
    expect(list<Child>('interests').keysOf(mia)).toEqual(['space', 'owls']);
    expect(list<Child>('interests', 'age').keysOf(mia)).toEqual(['space,7', 'owls,7']);
  });

  it('are none where a value is undefined or a list is empty', () => {
    expect(list<Child>('interests').keysOf({ ...mia, interests: [] })).toEqual([]);
    expect(unique<Child>('interests').keysOf({ name: 'Tom', age: 5, parentId: 1 })).toEqual([]);
    expect(list(() => [undefined, 'a']).keysOf(mia)).toEqual(['a']);
  });

  it('can be null', () => {
    expect(list<Child>('parentId').keysOf(mia)).toEqual(list<Child>('parentId').keysOf({ ...mia }));
    expect(list<Child>('parentId').keysOf(mia)).not.toEqual(list<Child>('parentId').keysOf({ ...mia, parentId: 0 }));
  });
});

describe('the key of a call', () => {
  it('is made of its arguments', () => {
    expect(unique<Child>('name').keyFor(['Mia'])).toBe('Mia');
    expect(list<Child>('name', 'age').keyFor(['Mia', 7])).toBe('Mia,7');
    expect(list<Child>('parentId').keyFor([null])).toBe(list<Child>('parentId').keysOf(mia)[0]);
  });

  it('is made of one plain object with exactly the properties', () => {
    const index = list<Child>('name', 'age');
    expect(index.keyFor([{ age: 7, name: 'Mia' }])).toBe('Mia,7');
    expect(index.keyFor([{ name: 'Mia' }])).toBeUndefined();
    expect(index.keyFor([{ name: 'Mia', age: 7, parentId: 1 }])).toBeUndefined();
    expect(index.keyFor([{ name: 'Mia', parentId: 7 }])).toBeUndefined();
    expect(index.keyFor([Object.assign(Object.create(null) as object, { name: 'Mia', age: 7 })])).toBe('Mia,7');
  });

  it('is none when the index is not what the call asks for', () => {
    expect(unique<Child>('name').keyFor([])).toBeUndefined();
    expect(unique<Child>('name').keyFor(['Mia', { limit: 1 }])).toBeUndefined();
    expect(unique<Child>('name').keyFor(['Mia', 7])).toBeUndefined();
    expect(unique<Child>('name').keyFor([undefined])).toBeUndefined();
    expect(unique<Child>('name').keyFor([['Mia']])).toBeUndefined();
    expect(unique<Child>('name').keyFor([new (class Name {})()])).toBeUndefined();
    expect(unique<Child>('name').keyFor([{ name: { like: 'M%' } }])).toBeUndefined();
  });

  it('is never made of an object where a part is computed: nobody knows which property it stands for', () => {
    expect(unique((child: Child) => child.name).keyFor([{ name: 'Mia' }])).toBeUndefined();
    expect(unique((child: Child) => child.name).keyFor(['Mia'])).toBe('Mia');
  });
});
