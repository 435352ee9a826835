import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidOptionError } from '../options/invalid-option.error.js';
import { encodeSourceVersion, NO_SOURCE_VERSION } from './source-version.js';
import type { SourceVersion } from './source-version.js';

const whole = fc.bigInt({ min: 0n, max: 2n ** 64n - 2n });

describe('encodeSourceVersion', () => {
  it.each<[SourceVersion, string]>([
    [0, '0000000000000001'],
    [1, '0000000000000002'],
    [255, '0000000000000100'],
    [Number.MAX_SAFE_INTEGER, '0020000000000000'],
    [2n ** 64n - 2n, 'ffffffffffffffff'],
    [new Date(0), '0000000000000001'],
    [new Date('2026-01-01T00:00:00.000Z'), '0000019b76daa801'],
  ])('writes %p as %s', (version, expected) => {
    expect(encodeSourceVersion(version)).toBe(expected);
  });

  it('keeps the order of versions, and is above none', () => {
    fc.assert(
      fc.property(whole, whole, (one, other) => {
        const [first, second] = [encodeSourceVersion(one), encodeSourceVersion(other)];
        expect(first < second).toBe(one < other);
        expect(first > NO_SOURCE_VERSION).toBe(true);
        expect(first).toMatch(/^[0-9a-f]{16}$/);
      }),
    );
  });

  it('does not mind what a version is written with', () => {
    fc.assert(
      fc.property(fc.nat(), (number) => {
        expect(encodeSourceVersion(BigInt(number))).toBe(encodeSourceVersion(number));
        expect(encodeSourceVersion(new Date(number))).toBe(encodeSourceVersion(number));
      }),
    );
  });

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53, -1n, 2n ** 64n - 1n, new Date(NaN), new Date(-1), '1', null, {}])(
    'refuses %p',
    (version) => {
      expect(() => encodeSourceVersion(version as number)).toThrow(InvalidOptionError);
      expect(() => encodeSourceVersion(version as number)).toThrow('write a whole number of 0 or more, a bigint up to');
    },
  );
});
