import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { QuotaKeys } from './quota-keys.js';

describe('QuotaKeys', () => {
  it('can be read', () => {
    expect(`${new QuotaKeys('app').prefix('42', 'api_calls')}2026-11-20`).toBe('strata:app:q:42:api_calls:2026-11-20');
    expect(new QuotaKeys(['app', 'tenant']).prefix('user:42', 'tokens')).toBe('strata:app.tenant:q:user%3A42:tokens:');
  });

  it('gives no two users a key in common', () => {
    const part = fc.string({ unit: fc.constantFrom('a', ':', '%', '3', 'A', '.', '{', '\ud800', 'u', 'D', '8', '0') });
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(fc.tuple(part, part, fc.constantFrom('a', 'b')), ([namespace, user, quota]) => {
        const key = new QuotaKeys(namespace).prefix(user, quota);
        const meaning = JSON.stringify([namespace, user, quota]);
        const other = seen.get(key);
        seen.set(key, meaning);
        return other === undefined || other === meaning;
      }),
      { numRuns: 20_000, interruptAfterTimeLimit: 5_000 },
    );
  });
});
