import { beforeEach, describe, expect, it } from '@jest/globals';
import { LocalChanges } from './local-changes.js';

const TAGGED = [{ tag: 't' }, { tag: 'u' }];

describe('LocalChanges', () => {
  let changes: LocalChanges;
  beforeEach(() => {
    changes = new LocalChanges();
  });

  it('leaves what began after a change alone', () => {
    changes.changeKey('a');
    changes.invalidateTags(['t']);
    changes.invalidateAll();
    changes.changeAllKeys();
    const stamp = changes.stamp();
    expect(changes.isOutdated('a', stamp)).toBe(false);
    expect(changes.isValid(stamp, TAGGED)).toBe(true);
  });

  it('makes outdated what began before its key was changed, and nothing else', () => {
    const stamp = changes.stamp();
    changes.changeKey('a');
    expect([changes.isOutdated('a', stamp), changes.isOutdated('b', stamp)]).toEqual([true, false]);
    expect(changes.isValid(stamp, TAGGED)).toBe(true);
  });

  it('makes invalid what began before one of its tags was invalidated, and nothing else', () => {
    const stamp = changes.stamp();
    changes.invalidateTags(['u', 'v']);
    expect([
      changes.isValid(stamp, TAGGED),
      changes.isValid(stamp, [{ tag: 'x' }]),
      changes.isValid(stamp, []),
    ]).toEqual([false, true, true]);
    expect(changes.isOutdated('a', stamp)).toBe(false);
  });

  it('makes everything invalid and outdated that began before all was invalidated', () => {
    const stamp = changes.stamp();
    changes.invalidateAll();
    expect([changes.isValid(stamp, []), changes.isOutdated('a', stamp)]).toEqual([false, true]);
  });

  it('makes every key outdated that began before all keys were changed, but leaves kept copies valid', () => {
    const stamp = changes.stamp();
    changes.changeAllKeys();
    expect([changes.isValid(stamp, []), changes.isOutdated('a', stamp)]).toEqual([true, true]);
  });

  it('keeps apart what this process changed and what it heard of, perhaps of itself', () => {
    const stamp = changes.stamp();
    changes.hearOfKey('a');
    expect([changes.isOutdated('a', stamp), changes.isChangedHere('a', stamp)]).toEqual([true, false]);
    expect(changes.isOutdated('b', stamp)).toBe(false);
    changes.hearOfAllKeys();
    expect([changes.isOutdated('b', stamp), changes.isChangedHere('b', stamp)]).toEqual([true, false]);
    changes.changeKey('a');
    expect(changes.isChangedHere('a', stamp)).toBe(true);
    changes.changeAllKeys();
    expect(changes.isChangedHere('b', stamp)).toBe(true);
  });

  it('counts a key among the changed once it cannot remember all of them', () => {
    changes = new LocalChanges(4);
    const stamp = changes.stamp();
    for (let key = 0; key < 5; key++) changes.changeKey(`key ${String(key)}`);
    expect(changes.isOutdated('never changed', stamp)).toBe(true);
    expect(changes.isOutdated('never changed', changes.stamp())).toBe(false);
  });

  it('has a moment of its own for each that is asked for', () => {
    const stamp = changes.stamp();
    expect(changes.next()).toBeGreaterThan(stamp);
    expect(changes.next()).toBeGreaterThan(changes.stamp() - 1);
  });
});
