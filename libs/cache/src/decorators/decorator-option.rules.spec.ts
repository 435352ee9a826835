import { describe, expect, it } from '@jest/globals';
import { problemsOf } from './decorator-option.rules.js';
import { fromResult } from './from-result.js';

const key = () => 'key';
const yes = () => true;
const hourly = () => '1h';
const late = fromResult(() => 'key');

const renewal = {
  grace: '1d',
  staleWhileRevalidate: '1m',
  refreshAhead: 0.8,
  earlyRefresh: 1.5,
  negativeTtl: '5s',
  slidingTtl: '5m',
  softTimeout: '100ms',
  hardTimeout: '1s',
  lockTimeout: '0ms',
  onLockTimeout: 'load',
  errorTtl: '5s',
  retryAfter: '0ms',
} as const;

describe('options of the caching decorators', () => {
  it.each([
    ['Cacheable', {}],
    ['Cacheable', { key, ttl: '1h', memoryTtl: '0ms', jitter: 0, tags: [], condition: yes, unless: yes, cache: 'c' }],
    ['Cacheable', { ttl: hourly, tags: late, cache: ['a', 'b'], key: undefined }],
    ['Cacheable', { ...renewal, version: yes, fallback: yes }],
    ['Cacheable', { softTimeout: '1s', errorTtl: '1d', refreshAhead: 0, negativeTtl: '0ms', onLockTimeout: 'fail' }],
    ['Cacheable', { ttl: hourly, slidingTtl: '1d' }],
    ['CachePut', { key: late, condition: late }],
    ['CachePut', { key, grace: '1d', staleWhileRevalidate: '1m', negativeTtl: '1s', slidingTtl: '5m', version: yes }],
    ['CacheConfig', renewal],
    ['CacheEvict', { key, tags: ['a'], all: false }],
    ['CacheEvict', { all: true, beforeInvocation: true, condition: yes }],
    ['CacheEvict', { key: late }],
    ['CacheConfig', { cache: 'c', ttl: 'forever', memoryTtl: '1s', jitter: 0.5, tags: ['a'], keyPrefix: 'hero' }],
    ['Caching', { cacheable: {}, put: [{ key }], evict: [{ all: true }, { key }] }],
  ] as const)('of @%s are right: %o', (decorator, options) => {
    expect(problemsOf(decorator, options)).toEqual([]);
  });

  it.each([
    ['Cacheable', { ttl: 3600 }, "ttl: 3600 is a bare number; write '3600s' or '3600ms'"],
    ['Cacheable', { ttl: '5 minutes' }, 'ttl: given "5 minutes"; write a number with a unit'],
    [
      'Cacheable',
      { ttl: '0s' },
      'ttl: given "0s", which stores nothing; remove the decorator, or let condition or unless decide',
    ],
    ['Cacheable', { memoryTtl: 1 }, "memoryTtl: 1 is a bare number; write '1s' or '1ms'"],
    ['Cacheable', { jitter: 1 }, 'jitter: given 1; write a share from 0 up to but not including 1, such as 0.1'],
    ['Cacheable', { jitter: '0.1' }, 'jitter: given "0.1"; write a share'],
    ['Cacheable', { grace: 60 }, "grace: 60 is a bare number; write '60s' or '60ms'"],
    ['Cacheable', { staleWhileRevalidate: true }, 'staleWhileRevalidate: given true; write a number with a unit'],
    [
      'Cacheable',
      { refreshAhead: 80 },
      'refreshAhead: given 80; write a share from 0 up to but not including 1, such as 0.8',
    ],
    ['Cacheable', { earlyRefresh: NaN }, 'earlyRefresh: given NaN; write a number of 0 or more'],
    ['Cacheable', { onLockTimeout: 'wait' }, `onLockTimeout: given "wait"; write 'load' or 'fail'`],
    ['Cacheable', { errorTtl: 'forever' }, `errorTtl: given "forever"; write a duration from '0ms' to '1d'`],
    ['Cacheable', { retryAfter: '1s ' }, 'retryAfter: given "1s "; write a number with a unit'],
    ['Cacheable', { version: 1 }, 'version: given 1; write a function of the result and the arguments'],
    [
      'Cacheable',
      { fallback: [] },
      'fallback: given an empty list; write a function of the error and the arguments, such as',
    ],
    [
      'Cacheable',
      { softTimeout: '2s', hardTimeout: '1s' },
      'softTimeout "2s" is never reached: hardTimeout "1s" comes first; write a shorter one',
    ],
    ['Cacheable', { softTimeout: '1s', grace: '0ms' }, 'softTimeout "1s" is never used: without grace'],
    ['Cacheable', { ttl: '1m', slidingTtl: '1m' }, 'slidingTtl "1m" prolongs nothing: ttl "1m" ends the entry before'],
    ['CachePut', { key, refreshAhead: 0.5 }, 'refreshAhead: there is no such option'],
    ['CachePut', { key, fallback: yes }, 'fallback: there is no such option'],
    ['CacheEvict', { key, grace: '1s' }, 'grace: there is no such option'],
    ['CacheConfig', { softTimeout: '2s', hardTimeout: '1s' }, 'softTimeout "2s" is never reached'],
    ['CacheConfig', { version: yes }, 'version: there is no such option'],
    ['Cacheable', { key: 'hero' }, 'key: given "hero"; write a function of the arguments'],
    ['Cacheable', { key: late }, 'key: given an instance of FromResult; write a function of the arguments'],
    ['Cacheable', { condition: true }, 'condition: given true; write a function of the arguments'],
    ['Cacheable', { unless: late }, 'write a function of the result and the arguments, without fromResult'],
    [
      'Cacheable',
      { tags: 'heroes' },
      'tags: given "heroes"; write a list of tags, a function of the arguments, or fromResult(',
    ],
    ['Cacheable', { tags: [''] }, 'tags: given a list of 1; write a list of tags'],
    [
      'Cacheable',
      { cache: [] },
      "cache: given an empty list; write the name of a cache, such as 'heroes', or a list of names",
    ],
    ['Cacheable', { cache: '' }, 'cache: given ""; write the name of a cache'],
    ['Cacheable', { unles: () => true }, 'unles: there is no such option; did you mean unless?'],
    [
      'Cacheable',
      { sync: true },
      'sync: there is no such option; there are cache, ttl, tags, unless, version, memoryTtl, jitter, grace,',
    ],
    ['Cacheable', { toString: key }, 'toString: there is no such option'],
    ['Cacheable', 'hero', 'options: given "hero"; write an object of options'],
    ['Cacheable', null, 'options: given null; write an object of options'],
    ['CachePut', {}, 'there is no key; write the one under which others read what this method returns'],
    ['CacheEvict', {}, 'nothing says what to evict; write key, tags or all: true'],
    ['CacheEvict', { all: false }, 'nothing says what to evict; write key, tags or all: true'],
    ['CacheEvict', { all: true, key }, 'all: true evicts everything, and key would narrow it; write one or the other'],
    ['CacheEvict', { all: true, key, tags: ['a'] }, 'and key and tags would narrow it'],
    ['CacheEvict', { all: 'yes' }, 'all: given "yes"; write true or false'],
    [
      'CacheEvict',
      { key: late, beforeInvocation: true },
      'there is no result before the invocation; make key a function of the arguments',
    ],
    ['CacheEvict', { key, ttl: '1s' }, 'ttl: there is no such option'],
    ['CacheConfig', { ttl: () => '1h' }, 'ttl: given the function ttl; write a number with a unit'],
    ['CacheConfig', { tags: () => [] }, "tags: given the function tags; write a list of tags, such as ['heroes']"],
    ['CacheConfig', { keyPrefix: '' }, 'keyPrefix: given ""; write a text, such as \'hero\''],
    ['Caching', {}, 'there is no rule; write at least one of cacheable, put and evict'],
    ['Caching', { evict: [] }, 'there is no rule'],
    ['Caching', { evicts: [{ all: true }] }, 'evicts: there is no such option; did you mean evict?'],
    ['Caching', { evict: [{ all: true }, {}] }, 'evict[1]: nothing says what to evict'],
    ['Caching', { put: { key, ttl: 5 } }, "put.ttl: 5 is a bare number; write '5s' or '5ms'"],
    ['Caching', { cacheable: ['x'] }, 'cacheable[0]: given "x"; write an object of options'],
    ['Caching', [], 'options: given an empty list; write an object such as { evict: […] }'],
  ] as const)('of @%s are wrong: %o', (decorator, options, problem) => {
    expect(problemsOf(decorator, options)).toContainEqual(expect.stringContaining(problem));
  });

  it('are all checked before the first problem is told', () => {
    expect(problemsOf('Cacheable', { ttl: 1, jitter: 2, colour: 'red' })).toHaveLength(3);
  });
});
