import { describe, expect, it } from '@jest/globals';
import type { EntryOptions } from './entry-options.js';
import { resolveEntryOptions } from './resolve-entry-options.js';
import type { EntryDefaults } from './resolve-entry-options.js';

const DEFAULTS: EntryDefaults = {
  ttlMs: 60_000,
  memoryTtlMs: 1_000,
  jitter: 0.1,
  graceMs: 0,
  staleWhileRevalidateMs: 0,
  negativeTtlMs: undefined,
  slidingTtlMs: 0,
  refreshAhead: 0,
  earlyRefresh: 0,
  softTimeoutMs: Infinity,
  hardTimeoutMs: Infinity,
  lockTimeoutMs: 5_000,
  onLockTimeout: 'load',
  errorTtlMs: 0,
  retryAfterMs: 1_000,
};

describe('resolveEntryOptions', () => {
  it('takes what is left out from the cache', () => {
    expect(resolveEntryOptions(DEFAULTS, undefined)).toEqual({ ...DEFAULTS, tags: [] });
    expect(resolveEntryOptions(DEFAULTS, {})).toEqual({ ...DEFAULTS, tags: [] });
  });

  it.each<[EntryOptions, object]>([
    [{ ttl: '2m' }, { ttlMs: 120_000, memoryTtlMs: 1_000 }],
    [{ ttl: '100ms' }, { ttlMs: 100, memoryTtlMs: 100 }],
    [{ ttl: 'forever' }, { ttlMs: Infinity, memoryTtlMs: 1_000 }],
    [{ memoryTtl: '10ms' }, { ttlMs: 60_000, memoryTtlMs: 10 }],
    [{ memoryTtl: '5m' }, { ttlMs: 60_000, memoryTtlMs: 1_000 }],
    [{ jitter: 0 }, { jitter: 0 }],
    [{ tags: ['a', 'b', 'a'] }, { tags: ['a', 'b'] }],
    [{ ttl: undefined } as object, { ttlMs: 60_000 }],
    [{ grace: '1h' }, { graceMs: 3_600_000 }],
    [{ staleWhileRevalidate: '1m' }, { staleWhileRevalidateMs: 60_000 }],
    [{ negativeTtl: '0ms' }, { negativeTtlMs: 0 }],
    [{ slidingTtl: '5m' }, { slidingTtlMs: 300_000 }],
    [{ version: 7 }, { version: '0000000000000008' }],
    [{ refreshAhead: 0.8, earlyRefresh: 2 } as object, { refreshAhead: 0.8, earlyRefresh: 2 }],
    [{ softTimeout: '1s', hardTimeout: '0ms' } as object, { softTimeoutMs: 1_000, hardTimeoutMs: Infinity }],
    [{ lockTimeout: '0ms', onLockTimeout: 'fail' } as object, { lockTimeoutMs: 0, onLockTimeout: 'fail' }],
    [{ errorTtl: '5s', retryAfter: '2s' } as object, { errorTtlMs: 5_000, retryAfterMs: 2_000 }],
    [{ errorTtl: '1d', retryAfter: '0ms' } as object, { errorTtlMs: 86_400_000, retryAfterMs: 0 }],
    [{ forceRefresh: true, signal: new AbortController().signal } as object, { ttlMs: 60_000 }],
  ])('lays %p over it', (given, expected) => {
    expect(resolveEntryOptions(DEFAULTS, given)).toMatchObject(expected);
  });

  it.each<[object, string]>([
    [{ ttl: 60 }, "60 is not a duration. Say which unit is meant: '60ms' or '60s'."],
    [{ ttl: '-1s' }, '"-1s" is not a duration'],
    [{ memoryTtl: 5 }, '5 is not a duration'],
    [{ jitter: 1 }, 'Option jitter: 1 given; write a share of the ttl in [0, 1), such as 0.1'],
    [{ jitter: -0.1 }, 'Option jitter: -0.1 given'],
    [{ jitter: '10%' }, 'Option jitter: 10% given'],
    [{ jitter: NaN }, 'Option jitter: NaN given'],
    [{ errorTtl: 'forever' }, `Option errorTtl: "forever" given; write a duration up to '1d'`],
    [{ errorTtl: 60 }, '60 is not a duration'],
    [{ retryAfter: '25h' }, `Option retryAfter: "25h" given; write a duration up to '1d'`],
    [{ tags: 'a' }, 'Option tags: string given; write an array of strings'],
    [{ tags: [1] }, 'Option tags: 1 is not a tag; write non-empty strings'],
    [
      { staleFor: '1h' },
      'Option staleFor: unknown; the options are ttl, memoryTtl, jitter, tags, grace, staleWhileRevalidate',
    ],
  ])('refuses %p and says what to write', (given, message) => {
    expect(() => resolveEntryOptions(DEFAULTS, given)).toThrow(message);
  });
});
