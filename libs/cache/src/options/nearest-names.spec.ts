import { describe, expect, it } from '@jest/globals';
import { nearestNames } from './nearest-names.js';

describe('nearestNames', () => {
  const known = ['ttl', 'maxEntries', 'maxBytes', 'namespace'];

  it.each([
    ['tll', ['ttl']],
    ['TTL', ['ttl']],
    ['max_entries', ['maxEntries']],
    ['entries', ['maxEntries']],
    ['namespaces', ['namespace']],
    ['nmaespace', ['namespace']],
    ['maxByte', ['maxBytes']],
    ['x', []],
    ['grace', []],
    ['', []],
  ])('finds for %j %j', (given, near) => {
    expect(nearestNames(given, known)).toEqual(near);
  });

  it('puts the nearest first', () => {
    expect(nearestNames('aab', ['aaa', 'aab', 'aac'])).toEqual(['aab', 'aaa', 'aac']);
  });
});
