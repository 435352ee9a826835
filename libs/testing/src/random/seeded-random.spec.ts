import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SeededRandom } from './seeded-random.js';

describe('SeededRandom', () => {
  it('repeats itself for the same seed and differs for another', () => {
    const draw = (seed: number) =>
      Array.from(
        { length: 5 },
        (
          (random) => () =>
            random.fraction()
        )(new SeededRandom(seed)),
      );
    expect(draw(42)).toEqual(draw(42));
    expect(draw(42)).not.toEqual(draw(43));
  });

  it('draws the numbers that it drew in every earlier release', () => {
    const random = new SeededRandom(42);
    expect([random.fraction(), random.fraction()]).toEqual([0.4562558052254867, 0.5743777227769976]);
    expect(random.bytes(8).toString('hex')).toBe('d4ab692a76f80325');
  });

  it('draws fractions within [0, 1), spread evenly', () => {
    const random = new SeededRandom(7);
    const perTenth = new Array<number>(10).fill(0);
    for (let count = 0; count < 10_000; count++) {
      const tenth = Math.floor(random.fraction() * 10);
      perTenth[tenth] = (perTenth[tenth] ?? NaN) + 1;
    }
    expect(perTenth).toHaveLength(10);
    for (const count of perTenth) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('stays within [0, 1) for any seed', () => {
    fc.assert(
      fc.property(fc.double(), (seed) => {
        const fraction = new SeededRandom(seed).fraction();
        expect(fraction >= 0 && fraction < 1).toBe(true);
      }),
    );
  });

  it('draws as many bytes as are asked for, and no two drawings alike', () => {
    const random = new SeededRandom();
    expect(random.bytes(0)).toHaveLength(0);
    const drawn = new Set(Array.from({ length: 1_000 }, () => random.bytes(8).toString('hex')));
    expect(drawn.size).toBe(1_000);
  });
});
