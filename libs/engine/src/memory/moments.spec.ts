import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Moments } from './moments.js';

describe('Moments', () => {
  it('knows when something last happened to a name', () => {
    const moments = new Moments(10);
    moments.note('a', 1);
    moments.note('b', 2);
    moments.note('a', 3);
    expect([moments.of('a'), moments.of('b'), moments.of('c')]).toEqual([3, 2, 0]);
  });

  it('takes a forgotten name for touched later than it was, never earlier', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 20 }), { maxLength: 200 }),
        fc.integer({ min: 2, max: 8 }),
        (names, maxNames) => {
          const moments = new Moments(maxNames);
          const truth = new Map<string, number>();
          for (const [index, name] of names.entries()) {
            moments.note(`n${String(name)}`, index + 1);
            truth.set(`n${String(name)}`, index + 1);
          }
          for (const [name, moment] of truth) expect(moments.of(name)).toBeGreaterThanOrEqual(moment);
          expect(moments.of('never')).toBeLessThanOrEqual(names.length);
        },
      ),
    );
  });

  it('remembers exactly what is within its bound', () => {
    const moments = new Moments(4);
    for (let moment = 1; moment <= 5; moment++) moments.note(`n${String(moment)}`, moment);
    expect([1, 2, 3, 4, 5].map((moment) => moments.of(`n${String(moment)}`))).toEqual([3, 3, 3, 4, 5]);
  });
});
