import { describe, expect, it } from '@jest/globals';
import { defaultTypes } from '../values/type-registry.js';
import { UnsupportedValueError } from '../values/unsupported-value.error.js';
import { ValueKeeper } from './value-keeper.js';

const keeper = (mode: 'frozen' | 'cloned' | 'shared') => new ValueKeeper(mode, defaultTypes);

describe('a keeper of frozen values', () => {
  it('gives everybody the same frozen copy, and leaves the original as it was', () => {
    const original = { list: [1] };
    const kept = keeper('frozen').keepForeign(original);
    const presented = keeper('frozen').present(kept) as typeof original;
    expect(presented).toBe(kept.value);
    expect(() => presented.list.push(2)).toThrow(TypeError);
    original.list.push(2);
    expect(presented).toEqual({ list: [1] });
  });

  it('copies for each what cannot be frozen', () => {
    const kept = keeper('frozen').keepForeign({ at: new Date(0) });
    const first = keeper('frozen').present(kept) as { at: Date };
    first.at.setTime(5);
    expect(keeper('frozen').present(kept)).toEqual({ at: new Date(0) });
  });

  it('gives the kept object itself to its only owner', () => {
    const kept = keeper('frozen').keepForeign({ at: new Date(0) });
    expect(keeper('frozen').present(kept, true)).toBe(kept.value);
  });
});

describe('a keeper of cloned values', () => {
  it('gives everybody a copy that may be changed', () => {
    const kept = keeper('cloned').keepForeign({ list: [1] });
    const first = keeper('cloned').present(kept) as { list: number[] };
    first.list.push(2);
    expect(keeper('cloned').present(kept)).toEqual({ list: [1] });
  });

  it.each([1, 'text', null, undefined, 5n])('has nothing to copy of %p', (value) => {
    expect(keeper('cloned').keepForeign(value)).toEqual({ value, isCopiedOnRead: false });
  });
});

describe('a keeper of shared values', () => {
  it('gives everybody the very object, whatever it is', () => {
    const original = { call: () => 1 };
    expect(keeper('shared').present(keeper('shared').keepForeign(original))).toBe(original);
  });
});

it.each(['frozen', 'cloned'] as const)('a keeper of %s values refuses what cannot be copied', (mode) => {
  expect(() => keeper(mode).keepForeign({ call: () => 1 })).toThrow(UnsupportedValueError);
});
