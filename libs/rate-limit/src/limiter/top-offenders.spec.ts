import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '@nest-strata/testing';
import fc from 'fast-check';
import { TopOffenders } from './top-offenders.js';

describe('TopOffenders', () => {
  it('counts exactly as long as there is room', () => {
    const top = new TopOffenders(3);
    for (const subject of ['a', 'b', 'a', 'c', 'a', 'b']) top.add(subject);
    expect(top.list(2)).toEqual([
      { subject: 'a', denials: 3, maxError: 0 },
      { subject: 'b', denials: 2, maxError: 0 },
    ]);
  });

  it('keeps whoever makes up more than its share among any number of others', () => {
    const top = new TopOffenders(20);
    const random = new SeededRandom(7);
    for (let index = 0; index < 20_000; index++) top.add(random.fraction() < 0.1 ? 'loud' : `quiet-${index}`);
    expect(top.list(1)[0]?.subject).toBe('loud');
    expect(top.list(100)).toHaveLength(20);
  });

  it('never counts too low, and by no more than it says too high', () => {
    const letters = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j');
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 200 }), fc.integer({ min: 1, max: 6 }), (stream, room) => {
        const top = new TopOffenders(room);
        const truth = new Map<string, number>();
        for (const subject of stream) {
          top.add(subject);
          truth.set(subject, (truth.get(subject) ?? 0) + 1);
        }
        const listed = top.list(room);
        for (const { subject, denials, maxError } of listed) {
          const real = truth.get(subject) ?? 0;
          expect(denials >= real && denials - maxError <= real).toBe(true);
        }
        const loud = [...truth].filter(([, real]) => real > stream.length / room).map(([subject]) => subject);
        expect(listed.map((one) => one.subject)).toEqual(expect.arrayContaining(loud));
      }),
    );
  });
});
