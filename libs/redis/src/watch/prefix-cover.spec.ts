import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { coverOf, covers } from './prefix-cover.js';

/** Few letters, so that many begin with others. */
const prefix = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), maxLength: 4 });

describe('coverOf', () => {
  it('covers every prefix, by some of them, none of which begins with another one', () => {
    fc.assert(
      fc.property(fc.array(prefix), (prefixes) => {
        const cover = coverOf(prefixes);
        expect(prefixes).toEqual(expect.arrayContaining(cover));
        for (const each of prefixes) expect(covers(cover, each)).toBe(true);
        for (const each of cover) expect(cover.filter((other) => each.startsWith(other))).toEqual([each]);
      }),
    );
  });

  it('covers nothing else', () => {
    const cover = coverOf(['a:', 'a:1:', 'b:2']);
    expect(cover).toEqual(['a:', 'b:2']);
    expect(['a:9', 'a', 'b:', 'b:3', 'c'].filter((each) => covers(cover, each))).toEqual(['a:9']);
  });
});
