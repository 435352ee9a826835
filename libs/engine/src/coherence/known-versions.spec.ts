import { beforeEach, describe, expect, it } from '@jest/globals';
import { LocalChanges } from '../memory/local-changes.js';
import { KnownVersions } from './known-versions.js';

const CLEAR = '00000000000000c1';
const ONE = '0000000000000001';
const TWO = '0000000000000002';

describe('KnownVersions', () => {
  let changes: LocalChanges;
  let known: KnownVersions;
  beforeEach(() => {
    changes = new LocalChanges();
    known = new KnownVersions(changes, () => true);
  });

  const learn = (stamp = changes.stamp()) => {
    known.learnClear(CLEAR, stamp);
    known.learnTag('t', ONE, stamp);
  };
  const copy = (tags: Record<string, string> = {}) => ({
    clearVersion: CLEAR,
    tags: Object.entries(tags).map(([tag, version]) => ({ tag, version })),
  });

  it('knows nothing at first, so that no copy is a hit', () => {
    expect([known.clear, known.tag('t')]).toEqual([undefined, undefined]);
    expect(known.areThoseOf(copy())).toBe(false);
  });

  it('finds a copy whose versions are all known and the same', () => {
    learn();
    expect(known.areThoseOf(copy())).toBe(true);
    expect(known.areThoseOf(copy({ t: ONE }))).toBe(true);
    expect(known.areThoseOf(copy({ t: TWO }))).toBe(false);
    expect(known.areThoseOf(copy({ t: ONE, u: TWO }))).toBe(false);
    expect(known.areThoseOf({ ...copy(), clearVersion: TWO })).toBe(false);
  });

  it.each<[string, () => void]>([
    ['the tag', () => known.forgetTag('t')],
    ['everything', () => known.forgetAll()],
  ])('does not learn of a tag from a read that began before it forgot %s', (_, forget) => {
    const stamp = changes.stamp();
    forget();
    known.learnTag('t', ONE, stamp);
    expect(known.tag('t')).toBeUndefined();
    known.learnTag('t', TWO, changes.stamp());
    expect(known.tag('t')).toBe(TWO);
  });

  it.each<[string, () => void]>([
    ['it', () => known.forgetClear()],
    ['everything', () => known.forgetAll()],
  ])('does not learn of clear from a read that began before it forgot %s', (_, forget) => {
    const stamp = changes.stamp();
    learn();
    forget();
    known.learnClear(CLEAR, stamp);
    expect(known.clear).toBeUndefined();
    known.learnClear(TWO, changes.stamp());
    expect(known.clear).toBe(TWO);
  });

  it('forgets one tag and no other', () => {
    learn();
    known.learnTag('u', TWO, changes.stamp());
    known.forgetTag('t');
    expect([known.clear, known.tag('t'), known.tag('u'), [...known.tags]]).toEqual([CLEAR, undefined, TWO, ['u']]);
  });

  describe('a copy whose versions differ as far as is heard', () => {
    const changed = (stamp: number) => ({
      clear: known.areHeardToDiffer({ ...copy(), stamp }),
      tag: known.areHeardToDiffer({ ...copy({ t: ONE }), stamp }),
    });

    it('is one from before a change', () => {
      const stamp = changes.stamp();
      learn();
      expect(changed(stamp)).toEqual({ clear: false, tag: false });
      known.forgetTag('t');
      expect(changed(stamp)).toEqual({ clear: false, tag: true });
      expect(changed(changes.stamp())).toEqual({ clear: false, tag: false });
      known.forgetClear();
      expect(changed(stamp)).toEqual({ clear: true, tag: true });
    });

    it('is none when nothing is known any more, nor known to have changed', () => {
      const stamp = changes.stamp();
      learn();
      known.forgetAll();
      expect(changed(stamp)).toEqual({ clear: false, tag: false });
    });

    it('is none when the versions were found to be the same after all, also once nothing is known any more', () => {
      const stamp = changes.stamp();
      known.forgetTag('t');
      known.forgetClear();
      learn();
      expect(changed(stamp)).toEqual({ clear: false, tag: false });
      known.forgetAll();
      known.forgetAll();
      expect(changed(stamp)).toEqual({ clear: false, tag: false });
      known.learnTag('t', TWO, changes.stamp());
      known.learnClear(TWO, changes.stamp());
      expect(changed(stamp)).toEqual({ clear: true, tag: true });
    });
  });

  it('forgets a tag that turns out to have no record', () => {
    learn();
    known.learnTag('t', undefined, changes.stamp());
    known.learnClear(undefined, changes.stamp());
    expect([known.clear, known.tag('t')]).toEqual([undefined, undefined]);
  });

  it('remembers ten thousand tags and forgets the one that it learnt first', () => {
    for (let tag = 0; tag <= 10_000; tag++) known.learnTag(`tag ${String(tag)}`, ONE, changes.stamp());
    expect([...known.tags]).toHaveLength(10_000);
    expect([known.tag('tag 0'), known.tag('tag 1'), known.tag('tag 10000')]).toEqual([undefined, ONE, ONE]);
  });
});
