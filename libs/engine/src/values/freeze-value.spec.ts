import { describe, expect, it } from '@jest/globals';
import { freezeValue } from './freeze-value.js';

describe('freezeValue', () => {
  it.each([1, 'a', null, undefined, 1n, true, NaN])('has nothing to do for %p', (value) => {
    expect(freezeValue(value)).toBe('immutable');
  });

  it('freezes plain data all the way down', () => {
    const value = { list: [{ a: 1 }, [2]], bare: { __proto__: null, b: {} } };
    expect(freezeValue(value)).toBe('immutable');
    for (const part of [value, value.list, value.list[0], value.list[1], value.bare, value.bare.b]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });

  it('looks into what is frozen already', () => {
    const inner = { a: 1 };
    expect(freezeValue(Object.freeze({ inner }))).toBe('immutable');
    expect(Object.isFrozen(inner)).toBe(true);
  });

  it.each([
    new Date(0),
    new Map(),
    new Set(),
    Buffer.from('a'),
    new Uint8Array(1),
    /a/,
    new URL('https://a.example'),
    new Error('x'),
    new (class Hero {})(),
    () => 1,
  ])('says that %p, or what has it inside, can still be changed', (value) => {
    expect(freezeValue(value)).toBe('mutable');
    expect(freezeValue({ a: [value] })).toBe('mutable');
    expect(freezeValue([value, 1])).toBe('mutable');
  });

  it('freezes the plain parts of what can be changed elsewhere', () => {
    const value = { at: new Date(0), rest: { a: 1 } };
    freezeValue(value);
    expect(Object.isFrozen(value)).toBe(true);
    expect(Object.isFrozen(value.rest)).toBe(true);
  });
});
