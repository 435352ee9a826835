import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LimitKeys } from './limit-keys.js';

const text = fc.string({ unit: fc.constantFrom('a', 'b', ':', '{', '}', '%', '~', '\n', '\ud800'), minLength: 1 });

describe('LimitKeys', () => {
  it('puts the whole subject into the part that chooses the slot', () => {
    const keys = new LimitKeys('shop');
    expect(keys.subject('user:42')).toBe('strata:shop:r:{user:42}');
    expect(keys.policy('user:42', 'burst')).toBe('strata:shop:r:{user:42}:burst');
    expect(keys.subject('a}b{c%')).toBe('strata:shop:r:{a%7Db%7Bc%25}');
    expect(new LimitKeys('a:{b}').subject('c')).toBe('strata:a%3A%7Bb%7D:r:{c}');
  });

  it('gives no two subjects, policies or namespaces the same key', () => {
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(text, text, fc.constantFrom('p', 'q-1'), (namespace, subject, policy) => {
        const keys = new LimitKeys(namespace);
        const meanings: [string, string][] = [
          [keys.subject(subject), JSON.stringify([namespace, subject])],
          [keys.policy(subject, policy), JSON.stringify([namespace, subject, policy])],
        ];
        return meanings.every(([key, meaning]) => {
          const other = seen.get(key);
          seen.set(key, meaning);
          return other === undefined || other === meaning;
        });
      }),
      { numRuns: 5_000 },
    );
  });

  it('shortens a long subject to what still tells it apart', () => {
    const keys = new LimitKeys('shop');
    const long = 'x'.repeat(1_000);
    expect(keys.subject(long).length).toBeLessThan(130);
    expect(keys.subject(long)).not.toBe(keys.subject(`${long}x`));
    expect(keys.subject('ü'.repeat(128))).toContain('ü'.repeat(128));
    expect(keys.subject('ü'.repeat(129))).toContain('%~');
  });
});
