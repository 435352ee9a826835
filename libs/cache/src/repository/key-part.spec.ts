import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { idText, isEntityId, isKeyPart, joinKeyParts } from './key-part.js';
import type { KeyPart } from './key-part.js';

describe('joinKeyParts', () => {
  it.each<[KeyPart[], string]>([
    [['Mia', 7, 'girl'], 'Mia,7,girl'],
    [['a,b'], 'a\\,b'],
    [[null], '\\0'],
    [['\\0'], '\\\\0'],
    [[''], ''],
    [[true, new Date('2020-02-29T12:00:00Z')], 'true,2020-02-29T12:00:00.000Z'],
    [[12345678901234567890n], '12345678901234567890'],
  ])('writes %p as %s', (parts, text) => {
    expect(joinKeyParts(parts)).toBe(text);
  });

  it('takes a number for the same as its digits, as a database does', () => {
    expect(joinKeyParts([1])).toBe(joinKeyParts(['1']));
    expect(joinKeyParts([1])).toBe(joinKeyParts([1n]));
  });

  it('gives different texts for different parts', () => {
    const parts = fc.array(fc.oneof(fc.string({ unit: fc.constantFrom(',', '\\', '0', 'a') }), fc.constant(null)), {
      minLength: 2,
      maxLength: 2,
    });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(joinKeyParts(a) === joinKeyParts(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});

describe('idText', () => {
  it('writes ids of one part and of several', () => {
    expect(idText(1)).toBe('1');
    expect(idText(['acme', 7])).toBe('acme,7');
  });
});

describe('isKeyPart', () => {
  it.each([1, 'a', '', 1n, false, null, new Date()])('accepts %p', (value) => {
    expect(isKeyPart(value)).toBe(true);
  });

  it.each([undefined, {}, [], new Date(NaN), Symbol('a'), () => 1])('refuses %p', (value) => {
    expect(isKeyPart(value)).toBe(false);
  });
});

describe('isEntityId', () => {
  it.each([1, 'a', 1n, ['acme', 7]])('accepts %p', (value) => {
    expect(isEntityId(value)).toBe(true);
  });

  it.each([undefined, null, true, {}, [], [1], ['a', null], [['a'], 1]])('refuses %p', (value) => {
    expect(isEntityId(value)).toBe(false);
  });
});
