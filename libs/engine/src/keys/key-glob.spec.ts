import { describe, expect, it } from '@jest/globals';
import { InvalidGlobError } from './invalid-glob.error.js';
import { KeyGlob } from './key-glob.js';
import { KeySpace } from './key-space.js';

describe('KeyGlob', () => {
  it.each([
    ['hero:1', 'hero:1', true],
    ['hero:1', 'hero:12', false],
    ['hero:*', 'hero:', true],
    ['hero:*', 'hero:1:name', true],
    ['hero:*', 'child:1', false],
    ['*', 'anything', true],
    ['**', 'anything', true],
    ['*:en', 'hero:1:en', true],
    ['*:en', 'hero:1:en:x', false],
    ['*a*b*', 'xxaxxbxx', true],
    ['*a*b*', 'xxbxxaxx', false],
    ['*aab', 'aaaab', true],
    ['hero:?', 'hero:1', true],
    ['hero:?', 'hero:', false],
    ['hero:?', 'hero:12', false],
    ['hero:[12]', 'hero:2', true],
    ['hero:[12]', 'hero:3', false],
    ['hero:[0-9]x', 'hero:7x', true],
    ['hero:[0-9]x', 'hero:ax', false],
    ['hero:[^0-9]', 'hero:a', true],
    ['hero:[^0-9]', 'hero:7', false],
    ['hero:[^0-9]', 'hero:', false],
    ['[a-]', '-', true],
    ['[\\]]', ']', true],
    ['[\\^a]', '^', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a\\\\b', 'a\\b', true],
    ['a]b', 'a]b', true],
  ])('%p on %p: %p', (glob, key, expected) => {
    expect(new KeyGlob(glob).matches(key)).toBe(expected);
  });

  it('counts characters, not bytes or code units', () => {
    expect(new KeyGlob('?').matches('é')).toBe(true);
    expect(new KeyGlob('?').matches('😀')).toBe(true);
    expect(new KeyGlob('??').matches('😀')).toBe(false);
    expect(new KeyGlob('*?x').matches('😀x')).toBe(true);
    expect(new KeyGlob('[😀-😂]').matches('😁')).toBe(true);
    expect(new KeyGlob('[^a]').matches('😀')).toBe(true);
  });

  it.each([
    ['', 'it is empty'],
    ['a[bc', "a '[' is not closed"],
    ['a[', "a '[' is not closed"],
    ['a[b-', "a '[' is not closed"],
    ['a[]', "a '[]' holds nothing"],
    ['a[^]', "a '[]' holds nothing"],
    ['a[z-a]', 'a range in it runs backwards'],
    ['a\\', 'it ends with a backslash'],
    ['a[\\', 'it ends with a backslash'],
    [7 as unknown as string, 'it is no string'],
  ])('refuses %p', (glob, problem) => {
    const act = (): KeyGlob => new KeyGlob(glob);
    expect(act).toThrow(InvalidGlobError);
    expect(act).toThrow(
      `${typeof glob === 'string' ? JSON.stringify(glob) : String(glob)} is no pattern for keys: ${problem}.`,
    );
  });

  it('takes no longer than the product of the lengths on a pattern made to go wrong', () => {
    const glob = new KeyGlob(`${'*a'.repeat(50)}b`);
    const start = performance.now();
    expect(glob.matches('a'.repeat(5_000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('matches a key that is too long for Redis in its shortened form', () => {
    const keys = new KeySpace('n', 100);
    const long = `report:${'x'.repeat(200)}:end`;
    expect(keys.glob('report:*').matches(long)).toBe(true);
    expect(keys.glob('*:end').matches(long)).toBe(false);
    expect(keys.glob('*:end').matches(keys.listedKey(long))).toBe(false);
  });

  describe('serverPattern', () => {
    it.each([
      ['hero:*', 'strata:n:v:hero:*'],
      ['*', 'strata:n:v:*'],
      ['a\\*b', 'strata:n:v:a\\*b'],
      ['{a}', 'strata:n:v:%7Ba%7D'],
      ['a?b', 'strata:n:v:a?*b'],
      ['a???b', 'strata:n:v:a?*b'],
      ['a[xy]*b', 'strata:n:v:a?*b'],
      ['a*b*c*d*e*f*g', 'strata:n:v:a*b*c*d*e*'],
    ])('of %p is %p', (glob, pattern) => {
      expect(new KeySpace('n').glob(glob).serverPattern).toBe(pattern);
    });

    it('takes nothing of the namespace for a wildcard', () => {
      expect(new KeySpace('a*[b]?\\').glob('x').serverPattern).toBe('strata:a\\*\\[b\\]\\?\\\\:v:x');
    });
  });
});
