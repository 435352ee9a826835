import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countOrders, enumerateOrders } from './enumerate-orders.js';

describe('enumerateOrders', () => {
  it('gives every interleaving of two actors', () => {
    const orders = [
      ...enumerateOrders([
        ['a1', 'a2'],
        ['b1', 'b2'],
      ]),
    ];
    expect(orders.map((order) => order.join(' '))).toEqual([
      'a1 a2 b1 b2',
      'a1 b1 a2 b2',
      'a1 b1 b2 a2',
      'b1 a1 a2 b2',
      'b1 a1 b2 a2',
      'b1 b2 a1 a2',
    ]);
  });

  it('gives one order where there is no choice', () => {
    expect([...enumerateOrders([])]).toEqual([[]]);
    expect([...enumerateOrders([[], ['a', 'b']])]).toEqual([['a', 'b']]);
  });

  it('keeps the order of each actor, gives none twice, and as many as are counted', () => {
    const lengths = fc.array(fc.nat(3), { maxLength: 3 });
    fc.assert(
      fc.property(lengths, (stepCounts) => {
        const actors = stepCounts.map((count, actor) => Array.from({ length: count }, (_, step) => ({ actor, step })));
        const orders = [...enumerateOrders(actors)];
        expect(orders).toHaveLength(countOrders(actors));
        expect(new Set(orders.map((order) => JSON.stringify(order))).size).toBe(orders.length);
        for (const order of orders) {
          expect(actors.map((_, actor) => order.filter((step) => step.actor === actor))).toEqual(actors);
        }
      }),
    );
  });

  it('counts without enumerating', () => {
    const steps = (count: number): number[] => Array.from({ length: count }, () => 0);
    expect([countOrders([steps(4), steps(4)]), countOrders([steps(4), steps(4), steps(4)])]).toEqual([70, 34_650]);
    expect(countOrders([steps(10), steps(10), steps(2)])).toBe(42_678_636);
  });
});
