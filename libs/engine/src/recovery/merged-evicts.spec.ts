import { describe, expect, it } from '@jest/globals';
import { encodeSourceVersion, NO_SOURCE_VERSION } from '../entry/source-version.js';
import type { Evict } from './evict.js';
import { covers, merged, permits } from './merged-evicts.js';

const plain: Evict = { kind: 'key', key: 'a' };
const TAG: Evict = { kind: 'tag', tag: 't' };
const CLEAR: Evict = { kind: 'clear' };
const upTo = (version: number, { forMs = 1_000, sparesHigher = true } = {}): Evict => ({
  ...{ kind: 'key', key: 'a' },
  floor: { version: encodeSourceVersion(version), forMs, sparesHigher },
});
const allAndUpTo = (version: number): Evict => upTo(version, { sparesHigher: false });

describe('two evicts of one key', () => {
  it.each([
    ['two of all', plain, plain, plain],
    [
      'two of versions, of which the higher counts, and the longer time',
      upTo(7, { forMs: 2_000 }),
      upTo(9),
      upTo(9, { forMs: 2_000 }),
    ],
    ['one of all and one of a version, which leaves its floor and spares nothing', plain, upTo(9), allAndUpTo(9)],
    ['one of all and a floor, and one of a higher version', allAndUpTo(7), upTo(9), allAndUpTo(9)],
  ])('are one: %s', (_, one, other, both) => {
    expect(merged(one, other)).toEqual(both);
    expect(merged(other, one)).toEqual(both);
    expect([covers(both, one), covers(both, other)]).toEqual([true, true]);
  });
});

describe('an evict', () => {
  it.each([
    [plain, [plain, upTo(9), allAndUpTo(9)], []],
    [upTo(9), [upTo(9), upTo(8)], [plain, upTo(10), allAndUpTo(9)]],
    [allAndUpTo(9), [plain, upTo(9), allAndUpTo(8)], [upTo(10), allAndUpTo(10)]],
    [CLEAR, [CLEAR, plain, TAG], [upTo(0), allAndUpTo(9)]],
  ])('%j makes needless what it does, too', (done, covered, others) => {
    expect(covered.map((evict) => covers(done, evict))).toEqual(covered.map(() => true));
    expect(others.map((evict) => covers(done, evict))).toEqual(others.map(() => false));
  });

  it('permits the writes that its floor would', () => {
    const versions = [NO_SOURCE_VERSION, ...[8, 9, 10].map(encodeSourceVersion)];
    expect(versions.map((version) => permits(upTo(9), version))).toEqual([true, false, true, true]);
    expect(versions.map((version) => permits(plain, version))).toEqual([true, true, true, true]);
  });
});
