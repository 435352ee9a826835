import { describe, expect, it } from '@jest/globals';
import { InvalidCacheEnvironmentError } from './invalid-cache-environment.error.js';
import { readCacheEnvironment } from './read-cache-environment.js';

/** The problems of an environment as `variable: message` lines. */
function problemsOf(environment: Record<string, string>): string[] {
  try {
    readCacheEnvironment(environment);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidCacheEnvironmentError)) throw error;
    return error.problems.map(({ variable, message }) => `${variable}: ${message}`);
  }
}

describe('readCacheEnvironment', () => {
  it('leaves out what is not set, so that the code can say it', () => {
    expect(readCacheEnvironment({ PATH: '/bin', CACHE_NAMESPACE: '', CACHE_DEFAULT_TTL: '  ' })).toEqual({
      settings: {},
      bareSeconds: {},
    });
  });

  it('reads every variable into its option', () => {
    const { settings } = readCacheEnvironment({
      REDIS_URL: 'redis://localhost:6379',
      REDIS_USERNAME: 'app',
      REDIS_PASSWORD: 'hunter2',
      REDIS_ENABLED: 'true',
      REDIS_MAX_CONNECTIONS: '4',
      REDIS_SOCKET_TIMEOUT: '5',
      REDIS_DEADLINE: '50ms',
      CACHE_NAMESPACE: 'shop',
      CACHE_ENABLED: '1',
      CACHE_DEFAULT_TTL: '3600',
      CACHE_JITTER: '0.1',
      CACHE_GRACE: '1d',
      CACHE_STALE_WHILE_REVALIDATE: '60',
      CACHE_REFRESH_AHEAD: '0.8',
      CACHE_EARLY_REFRESH: '1.5',
      CACHE_NEGATIVE_TTL: '1m',
      CACHE_SLIDING_TTL: '600',
      CACHE_SOFT_TIMEOUT: '200ms',
      CACHE_HARD_TIMEOUT: '5s',
      CACHE_LOCK_TIMEOUT: '3s',
      CACHE_ON_LOCK_TIMEOUT: 'fail',
      CACHE_ERROR_TTL: '5s',
      CACHE_RETRY_AFTER: '2',
      CACHE_MAX_CONCURRENT_LOADS: '20',
      CACHE_MAX_QUEUED_LOADS: '0',
      CACHE_COHERENCE: 'bus',
      CACHE_CODEC: 'msgpack',
      CACHE_MEMORY_ENABLED: 'TRUE',
      CACHE_MEMORY_MAX_ENTRIES: '500',
      CACHE_MEMORY_MAX_BYTES: '1000000',
      CACHE_MEMORY_TTL: '30s',
      CACHE_HERO_TTL: '600',
      CACHE_BEDTIME_STORY_TTL: '1d',
    });
    expect(settings).toEqual({
      redis: {
        url: 'redis://localhost:6379',
        username: 'app',
        password: 'hunter2',
        connections: 4,
        socketTimeout: '5s',
        deadline: '50ms',
      },
      namespace: 'shop',
      enabled: true,
      ttl: '3600s',
      jitter: 0.1,
      grace: '1d',
      staleWhileRevalidate: '60s',
      refreshAhead: 0.8,
      earlyRefresh: 1.5,
      negativeTtl: '1m',
      slidingTtl: '600s',
      softTimeout: '200ms',
      hardTimeout: '5s',
      lockTimeout: '3s',
      onLockTimeout: 'fail',
      errorTtl: '5s',
      retryAfter: '2s',
      loads: { maxConcurrent: 20, maxQueued: 0 },
      coherence: 'bus',
      codec: 'msgpack',
      memory: { maxEntries: 500, maxBytes: 1_000_000, ttl: '30s' },
      ttls: { hero: '600s', bedtime_story: '1d' },
    });
  });

  it('takes bare whole numbers for seconds, and tells which', () => {
    const { bareSeconds } = readCacheEnvironment({
      CACHE_DEFAULT_TTL: '3600',
      CACHE_MEMORY_TTL: '30s',
      CACHE_HERO_TTL: '60',
    });
    expect(bareSeconds).toEqual({ CACHE_DEFAULT_TTL: '3600s', CACHE_HERO_TTL: '60s' });
  });

  it.each([
    [{ REDIS_ENABLED: 'false', REDIS_URL: 'redis://localhost', REDIS_DEADLINE: '1s' }],
    [{ REDIS_ENABLED: 'false' }],
    [{ REDIS_ENABLED: 'false', REDIS_URL: 'redis://localhost', CACHE_COHERENCE: 'bus' }],
  ])('switches Redis off, whatever the code says: %j', (environment) => {
    expect(readCacheEnvironment(environment).settings).toEqual({ redis: false });
  });

  it.each([
    [{ REDIS_PASSWORD: 'hunter2', REDIS_MAX_CONNECTIONS: '5' }],
    [{ REDIS_DEADLINE: '1s', CACHE_COHERENCE: 'bus' }],
  ])('leaves Redis to the code when it has no address: %j', (environment) => {
    expect(readCacheEnvironment(environment).settings).toEqual({});
  });

  it('leaves memory out when it is switched off', () => {
    const environment = { CACHE_MEMORY_ENABLED: '0', CACHE_MEMORY_TTL: '1s', REDIS_URL: 'redis://localhost' };
    expect(readCacheEnvironment(environment).settings.memory).toBe(false);
  });

  it.each([
    [{ CACHE_ENABLED: 'yes' }, 'CACHE_ENABLED: given "yes"; write true or false'],
    [{ REDIS_ENABLED: 'on' }, 'REDIS_ENABLED: given "on"; write true or false'],
    [
      { CACHE_DEFAULT_TTL: '-5' },
      `CACHE_DEFAULT_TTL: given "-5"; write seconds, such as 3600, or a duration, such as '1h'`,
    ],
    [{ CACHE_DEFAULT_TTL: '1e3' }, `CACHE_DEFAULT_TTL: given "1e3"; write seconds`],
    [{ CACHE_HERO_TTL: '5 minutes' }, `CACHE_HERO_TTL: given "5 minutes"; write seconds`],
    [{ CACHE_MEMORY_MAX_ENTRIES: 'many' }, 'CACHE_MEMORY_MAX_ENTRIES: given "many"; write a number, such as 10000'],
    [
      { CACHE_MEMORY_MAX_ENTRIES: '0' },
      'CACHE_MEMORY_MAX_ENTRIES: given 0; write a whole number of entries, at least 1',
    ],
    [{ CACHE_JITTER: '10' }, 'CACHE_JITTER: given 10; write a share from 0 up to but not including 1, such as 0.1'],
    [{ CACHE_CODEC: 'yaml' }, `CACHE_CODEC: given "yaml"; write 'json', 'msgpack'`],
    [
      { CACHE_REFRESH_AHEAD: '80' },
      'CACHE_REFRESH_AHEAD: given 80; write a share from 0 up to but not including 1, such as 0.8',
    ],
    [{ CACHE_GRACE: 'yes' }, 'CACHE_GRACE: given "yes"; write seconds, such as 3600'],
    [
      { CACHE_MAX_CONCURRENT_LOADS: '0' },
      'CACHE_MAX_CONCURRENT_LOADS: given 0; write a whole number of loads, at least 1',
    ],
    [{ CACHE_MAX_QUEUED_LOADS: '-1' }, 'CACHE_MAX_QUEUED_LOADS: given -1; write a whole number of loads, at least 0'],
    [{ CACHE_EARLY_REFRESH: '-1' }, 'CACHE_EARLY_REFRESH: given -1; write a number of 0 or more'],
    [{ CACHE_ON_LOCK_TIMEOUT: 'wait' }, `CACHE_ON_LOCK_TIMEOUT: given "wait"; write 'load' or 'fail'`],
    [{ CACHE_ERROR_TTL: 'forever' }, `CACHE_ERROR_TTL: given "forever"; write a duration from '0ms' to '1d'`],
    [{ CACHE_RETRY_AFTER: '100000' }, `CACHE_RETRY_AFTER: given "100000s"; write a duration from '0ms' to '1d'`],
    [
      { REDIS_URL: 'redis://x', CACHE_COHERENCE: 'pubsub' },
      `CACHE_COHERENCE: given "pubsub"; write 'auto' or 'tracking' or`,
    ],
    [
      { REDIS_ENABLED: 'true' },
      'REDIS_URL: not set, and REDIS_ENABLED is true; write an address such as redis://localhost:6379',
    ],
    [{ REDIS_URL: 'http://user:hunter2@x' }, 'REDIS_URL: '],
    [{ REDIS_URL: 'redis://x', REDIS_MAX_CONNECTIONS: '0' }, 'REDIS_MAX_CONNECTIONS: is 0. Give a whole number'],
  ])('refuses %j', (environment, problem) => {
    expect(problemsOf(environment as Record<string, string>)).toEqual([expect.stringContaining(problem)]);
    expect(problemsOf(environment as Record<string, string>).join()).not.toContain('hunter2');
  });

  it('tells everything that is wrong at once', () => {
    const environment = { CACHE_ENABLED: 'x', CACHE_HERO_TTL: 'x', CACHE_JITTER: '2' };
    expect(() => readCacheEnvironment(environment)).toThrow(
      /^3 environment variables of the cache cannot be used:\n {2}- CACHE_ENABLED: .*\n {2}- CACHE_HERO_TTL: .*\n {2}- CACHE_JITTER: /,
    );
    expect(() => readCacheEnvironment({ CACHE_ENABLED: 'x' })).toThrow(
      /^An environment variable of the cache cannot be/,
    );
  });

  it('needs nothing from the environment that the code may have', () => {
    expect(problemsOf({ REDIS_URL: 'redis://localhost' })).toEqual([]);
    expect(problemsOf({ CACHE_MEMORY_ENABLED: 'false' })).toEqual([]);
    expect(problemsOf({ CACHE_SOFT_TIMEOUT: '200ms' })).toEqual([]);
    expect(problemsOf({ CACHE_SLIDING_TTL: '2h' })).toEqual([]);
    expect(problemsOf({ CACHE_MAX_QUEUED_LOADS: '5' })).toEqual([]);
  });

  it('is not led astray by names', () => {
    const { settings } = readCacheEnvironment({ CACHE___PROTO___TTL: '5' });
    expect(Object.entries(settings.ttls ?? {})).toEqual([['__proto__', '5s']]);
  });
});
