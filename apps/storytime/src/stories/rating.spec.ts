import { describe, expect, it } from '@jest/globals';
import { Rating } from './rating.js';

describe('a rating', () => {
  it.each([0, 6, 2.5, NaN, -1])('refuses %p stars', (stars) => {
    expect(() => new Rating(stars)).toThrow(RangeError);
  });

  it('is a favourite from four stars', () => {
    expect([1, 2, 3, 4, 5].map((stars) => new Rating(stars).isFavourite)).toEqual([false, false, false, true, true]);
  });
});
