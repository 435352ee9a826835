import { Logger } from '@nestjs/common';
import type { CacheStateEvent, CoherenceState } from '@nest-strata/engine';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { logCacheState } from './cache-state.log.js';

const UNARMED: CoherenceState = {
  configured: 'auto',
  mode: undefined,
  isArmed: false,
  lagMs: undefined,
  losses: 0,
};

describe('the log of what a cache can rely on', () => {
  const lines: [level: string, message: unknown, details: unknown][] = [];
  let tell: (event: CacheStateEvent) => void;
  let isStopped: boolean;

  beforeEach(() => {
    lines.length = 0;
    isStopped = false;
    for (const level of ['log', 'warn', 'error'] as const) {
      jest
        .spyOn(Logger.prototype, level)
        .mockImplementation((message: unknown, ...details: unknown[]) => void lines.push([level, message, details[0]]));
    }
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  function begin(coherence: CoherenceState | undefined = UNARMED): () => void {
    return logCacheState(
      {
        coherence,
        listenToState: (listener) => {
          tell = listener;
          return () => (isStopped = true);
        },
      },
      new Logger('Cache'),
    );
  }

  const armed: CacheStateEvent = { type: 'coherence', cache: 'c', state: 'armed', mode: 'tracking' };
  const lost: CacheStateEvent = { type: 'coherence', cache: 'c', state: 'lost', mode: 'tracking', reason: 'gone' };
  const pending = (
    change: Extract<CacheStateEvent, { type: 'pending' }>['change'],
    count: number,
    cache = 'c',
  ): CacheStateEvent => ({ type: 'pending', cache, change, count });

  it('tells how changes are heard, when they are not, and when they are again', () => {
    begin();
    tell(armed);
    tell(lost);
    tell(armed);
    expect(lines).toEqual([
      ['log', 'changes of other processes are heard', { mode: 'tracking' }],
      ['warn', 'changes of other processes are not heard; memory serves nothing until they are', { reason: 'gone' }],
      ['log', 'changes of other processes are heard', { mode: 'tracking', lostMs: expect.any(Number) }],
    ]);
  });

  it('tells how changes are heard where that was known before', () => {
    begin({ ...UNARMED, isArmed: true, mode: 'bus' });
    expect(lines).toEqual([['log', 'changes of other processes are heard', { mode: 'bus' }]]);
  });

  it('tells once that evicts wait, and once that none does, by cache', () => {
    begin();
    tell(pending('added', 1));
    tell(pending('added', 2));
    tell(pending('added', 1, 'c.heroes'));
    tell(pending('settled', 1));
    tell(pending('settled', 0));
    tell(pending('settled', 0));
    tell(pending('added', 1));
    expect(lines).toEqual([
      ['warn', 'Redis did not confirm an evict; it is repeated until it does', { cache: 'c' }],
      ['warn', 'Redis did not confirm an evict; it is repeated until it does', { cache: 'c.heroes' }],
      ['log', 'no evicts wait for Redis any more', { cache: 'c', afterMs: expect.any(Number) }],
      ['warn', 'Redis did not confirm an evict; it is repeated until it does', { cache: 'c' }],
    ]);
  });

  it('tells what became of evicts that cannot wait one by one', () => {
    begin();
    tell(pending('collapsed', 1));
    tell(pending('abandoned', 1));
    expect(lines).toEqual([
      ['warn', 'too many evicts wait for Redis; the cache will be cleared instead', { cache: 'c' }],
      [
        'error',
        'an evict cannot be repeated; what it concerns is served from nowhere until Redis is back',
        { cache: 'c' },
      ],
    ]);
  });

  it('tells what a failover has cost', () => {
    begin();
    tell({ type: 'failover', cache: 'c', verdict: 'replay' });
    tell({ type: 'failover', cache: 'c', verdict: 'clear' });
    expect(lines).toEqual([
      ['warn', 'Redis has lost writes in a failover; the evicts among them are repeated', { cache: 'c' }],
      ['warn', 'Redis has lost more in a failover than can be repeated; the cache is cleared', { cache: 'c' }],
    ]);
  });

  it('leaves it to others to tell of outages, and stops when it is told to', () => {
    const stop = begin(undefined);
    tell({ type: 'degraded', cache: 'c', reason: 'gone' });
    tell({ type: 'recovered', cache: 'c' });
    stop();
    expect([lines, isStopped]).toEqual([[], true]);
  });
});
