import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nest-strata/testing';
import { LocalChanges } from '../memory/local-changes.js';
import { LoadFailures } from './load-failures.js';

const TERMS = { error: new Error('away'), forMs: 1_000, isShared: true };

describe('LoadFailures', () => {
  let clock: FakeClock;
  let changes: LocalChanges;
  let failures: LoadFailures;
  beforeEach(() => {
    clock = new FakeClock();
    changes = new LocalChanges();
    failures = new LoadFailures(clock, changes);
  });

  const note = (key: string, terms = TERMS) => failures.note(key, terms, changes.stamp());

  it('remembers the very error for its time', () => {
    note('a');
    clock.advance(999);
    expect(failures.find('a')?.error).toBe(TERMS.error);
    expect(failures.find('b')).toBeUndefined();
    clock.advance(1);
    expect(failures.find('a')).toBeUndefined();
  });

  it('begins anew with every failure, and forgets with one that does not stand', () => {
    note('a');
    clock.advance(900);
    note('a');
    clock.advance(900);
    expect(failures.find('a')).toBeDefined();
    note('a', { ...TERMS, forMs: 0 });
    expect(failures.find('a')).toBeUndefined();
  });

  it.each<[string, () => void]>([
    ['this process changed the key', () => changes.changeKey('a')],
    ['somebody else did', () => changes.hearOfKey('a')],
    ['all was invalidated', () => changes.invalidateAll()],
    ['anything may have changed', () => changes.hearOfAllKeys()],
  ])('forgets it once %s', (_, change) => {
    note('a');
    change();
    expect(failures.find('a')).toBeUndefined();
  });

  it('remembers none of a load that began before a change, and keeps that of a later one', () => {
    const stamp = changes.stamp();
    changes.changeKey('a');
    failures.note('a', TERMS, stamp);
    expect(failures.find('a')).toBeUndefined();
    note('a');
    failures.note('a', { ...TERMS, error: new Error('of before') }, stamp);
    expect(failures.find('a')?.error).toBe(TERMS.error);
  });

  it('remembers a thousand, the latest', () => {
    for (let key = 0; key <= 1_000; key++) note(`key ${String(key)}`);
    expect(failures.find('key 0')).toBeUndefined();
    expect(failures.find('key 1')).toBeDefined();
    expect(failures.find('key 1000')).toBeDefined();
  });
});
