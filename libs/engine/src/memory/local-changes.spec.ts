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
});
