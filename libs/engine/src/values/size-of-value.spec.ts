import { describe, expect, it } from '@jest/globals';
import { sizeOfValue } from './size-of-value.js';

describe('sizeOfValue', () => {
  it.each([
    ['a long text', 'x'.repeat(10_000), 10_000, 21_000],
    ['a number', 5, 1, 16],
    ['nothing', undefined, 1, 16],
    ['null', null, 1, 16],
    ['a bigint', 2n ** 8000n, 1_000, 1_100],
    ['bytes', Buffer.alloc(10_000), 10_000, 10_200],
    ['a typed array', new Float64Array(1_000), 8_000, 8_200],
    ['an ArrayBuffer', new ArrayBuffer(10_000), 10_000, 10_200],
    ['an array', Array.from({ length: 1_000 }, (_, at) => at), 8_000, 20_000],
    ['a Set', new Set(Array.from({ length: 1_000 }, (_, at) => at)), 8_000, 40_000],
    ['a Map', new Map(Array.from({ length: 1_000 }, (_, at) => [at, at])), 16_000, 60_000],
    ['objects', Array.from({ length: 1_000 }, (_, at) => ({ at, name: 'x' })), 40_000, 160_000],
    ['a URL', new URL(`https://a.example/${'x'.repeat(1_000)}`), 1_000, 3_000],
    ['an error', Object.assign(new Error('x'.repeat(1_000)), { code: 'E' }), 1_000, 20_000],
    ['a date', new Date(0), 8, 100],
  ])('tells about how much memory %s takes', (_, value, atLeastBytes, atMostBytes) => {
    expect(sizeOfValue(value)).toBeGreaterThanOrEqual(atLeastBytes);
    expect(sizeOfValue(value)).toBeLessThanOrEqual(atMostBytes);
  });

  it('comes to an end on cycles, whatever their shape', () => {
    const tangle = Array.from({ length: 100 }, (): unknown[] => []);
    for (const knot of tangle) knot.push(...tangle);
    expect(sizeOfValue(tangle)).toBeGreaterThan(100 * 100 * 8);
    const loop: { next?: unknown } = {};
    loop.next = loop;
    expect(sizeOfValue(loop)).toBeGreaterThan(0);
  });

  it('takes what is nested deeper than the stack is', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(sizeOfValue(deep)).toBeGreaterThan(100_000 * 40);
  });
});
