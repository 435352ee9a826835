import { describe, expect, it } from '@jest/globals';
import { defineScript } from './define-script.js';
import { packArguments } from './pack-arguments.js';

const script = defineScript({
  name: 'example',
  keys: ['first', 'second'],
  args: ['limit', 'mode'],
  lua: 'return 1',
  parse: Number,
});

describe('defineScript', () => {
  it('computes the digest that EVALSHA takes', () => {
    expect(script.sha1).toBe('e0e1f9fabfc9d4800c877a703b823ac0578ff8db');
    expect(Object.isFrozen(script)).toBe(true);
  });

  it('packs keys and arguments in the order of their declaration', () => {
    expect(packArguments(script, { second: 'b', first: 'a' }, { mode: 'x', limit: 3 })).toEqual([2, 'a', 'b', 3, 'x']);
  });

  it('lets the compiler check the names', () => {
    // @ts-expect-error a key is missing
    expect(packArguments(script, { first: 'a' }, { mode: 'x', limit: 3 })).toContain(undefined);
    // @ts-expect-error an argument has another name
    expect(packArguments(script, { first: 'a', second: 'b' }, { mod: 'x', limit: 3 })).toContain(undefined);
  });
});
