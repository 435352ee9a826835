import { describe, expect, it } from '@jest/globals';
import type { CacheSettings } from '../options/cache-module-options.js';
import { mergeCacheSettings } from './merge-cache-settings.js';
import { readCacheEnvironment } from './read-cache-environment.js';

const code: CacheSettings = {
  namespace: 'shop',
  ttl: '10m',
  memory: { values: 'cloned', maxEntries: 50 },
  loads: { maxConcurrent: 20, maxQueued: 100 },
  redis: { url: 'redis://localhost', deadline: '20ms' },
  ttls: { hero: '1h' },
};

/** The settings of the code with those of these variables. */
function mergedWith(variables: Record<string, string>): CacheSettings {
  return mergeCacheSettings(code, readCacheEnvironment(variables).settings);
}

describe('mergeCacheSettings', () => {
  it('leaves to the code what the environment does not say, within groups too', () => {
    const variables = {
      REDIS_URL: 'redis://production',
      CACHE_DEFAULT_TTL: '5s',
      CACHE_MEMORY_MAX_ENTRIES: '500',
      CACHE_MAX_CONCURRENT_LOADS: '5',
      CACHE_STORY_TTL: '1d',
    };
    expect(mergedWith(variables)).toEqual({
      namespace: 'shop',
      ttl: '5s',
      memory: { values: 'cloned', maxEntries: 500 },
      loads: { maxConcurrent: 5, maxQueued: 100 },
      redis: { url: 'redis://production', deadline: '20ms' },
      ttls: { hero: '1h', story: '1d' },
    });
  });

  it.each([
    [{ REDIS_ENABLED: 'false' }, { redis: false }],
    [{ CACHE_MEMORY_ENABLED: 'false' }, { memory: false }],
  ])('switches a group of the code off by %j', (variables, off) => {
    expect(mergedWith(variables)).toEqual({ ...code, ...off });
  });

  it('is the code without an environment', () => {
    expect(mergedWith({})).toEqual(code);
  });
});
