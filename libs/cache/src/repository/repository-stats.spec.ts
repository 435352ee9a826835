import { describe, expect, it } from '@jest/globals';
import { RepositoryStats } from './repository-stats.js';

describe('RepositoryStats', () => {
  it('has a hit rate of 0 when nothing was read', () => {
    const stats = new RepositoryStats({ hits: 0, misses: 0, invalidations: 0, fullInvalidations: 0 });

    expect(stats.hitRate).toBe(0);
    expect(Object.isFrozen(stats)).toBe(true);
  });
});
