import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { CacheEvent } from '@nest-strata/cache';
import { Logger } from '@nestjs/common';
import { CacheLog } from './cache-log.js';

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the cache log', () => {
  it.each<[CacheEvent, string]>([
    [{ type: 'hit', cache: 'c', key: 'hero:luna', tier: 'memory', stale: false }, 'hit    hero:luna (memory)'],
    [{ type: 'miss', cache: 'c', key: 'hero:luna' }, 'miss   hero:luna'],
    [{ type: 'set', cache: 'c', key: 'hero:luna', ttlMs: 1 }, 'set    hero:luna'],
    [{ type: 'load', cache: 'c', key: 'hero:luna', background: false, durationMs: 1.26 }, 'load   hero:luna (1.3 ms)'],
    [
      { type: 'load', cache: 'c', key: 'hero:luna', background: true, durationMs: 2 },
      'load   hero:luna (2.0 ms, in the background)',
    ],
    [{ type: 'evict', cache: 'c', by: 'tag', targets: ['a', 'b'], confirmed: true }, 'evict  tag a b'],
    [{ type: 'error', cache: 'c', operation: 'read', error: new Error('no') }, 'error  read: Error: no'],
    [{ type: 'degraded', cache: 'c', reason: 'Redis is away' }, 'degraded: Redis is away'],
    [{ type: 'recovered', cache: 'c' }, 'recovered'],
    [{ type: 'coherence', cache: 'c', state: 'armed', mode: 'tracking' }, 'coherence armed'],
    [{ type: 'coherence', cache: 'c', state: 'lost', mode: 'tracking', reason: 'gone' }, 'coherence lost: gone'],
    [{ type: 'pending', cache: 'c', change: 'added', count: 2 }, 'pending added: 2 evicts wait for Redis'],
    [{ type: 'failover', cache: 'c', verdict: 'replay' }, 'failover: replay'],
    [
      { type: 'write-behind', cache: 'c', event: { type: 'takeover', cache: 'c', queue: 'stories' } },
      'behind takeover',
    ],
  ])('tells %j', (event, line) => {
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    new CacheLog().tell(event);
    expect(log.mock.calls).toEqual([[line]]);
  });
});
