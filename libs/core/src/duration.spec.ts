import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { duration, durationToMs, InvalidDurationError, isDuration } from './duration.js';
import type { Duration } from './duration.js';

describe('durationToMs', () => {
  it.each([
    ['0ms', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['30d', 2_592_000_000],
    ['forever', Infinity],
  ] as [Duration, number][])('reads %s as %d ms', (text, ms) => {
    expect(durationToMs(text)).toBe(ms);
  });

  it.each([
    '',
    '5',
    's',
    '-5s',
    '+5s',
    '1e3ms',
    '0x10s',
    '5 s',
    '5S',
    '.5s',
    '5.s',
    '5sec',
    ' 5s',
    '5s ',
    'Infinitys',
    'NaNms',
    'always',
  ])('refuses %p', (text) => {
    expect(() => durationToMs(text as Duration)).toThrow(InvalidDurationError);
  });

  it('says which units a bare number could have meant', () => {
    expect(() => durationToMs(3600 as unknown as Duration)).toThrow(
      "3600 is not a duration. Say which unit is meant: '3600ms' or '3600s'.",
    );
  });

  it.each([null, undefined, {}, [], true, 0, -1, NaN, Infinity, 10n])('refuses the value %p', (value) => {
    expect(() => durationToMs(value as Duration)).toThrow(InvalidDurationError);
  });

  it('refuses a span too long to count in milliseconds', () => {
    expect(() => durationToMs('999999999999999d')).toThrow(InvalidDurationError);
  });

  it('scales with its unit for any amount', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (amount) => {
        expect(durationToMs(`${amount}m`)).toBe(durationToMs(`${amount}s`) * 60);
      }),
    );
  });
});

describe('duration', () => {
  it('returns the text it accepts and throws on what it refuses', () => {
    expect(duration('5m')).toBe('5m');
    expect(() => duration('5 minutes')).toThrow('"5 minutes" is not a duration');
  });

  it('has a companion that only answers', () => {
    expect(isDuration('5m')).toBe(true);
    expect(isDuration(5)).toBe(false);
  });
});
