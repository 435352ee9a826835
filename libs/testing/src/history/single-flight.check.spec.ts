import { describe, expect, it } from '@jest/globals';
import type { HistoryEvent, HistoryOperation } from './history-event.js';
import { singleFlight } from './single-flight.check.js';

function event(op: HistoryOperation, startMs: number, endMs: number, process = 'a', key = 'k'): HistoryEvent {
  return {
    process,
    op,
    key,
    startNs: BigInt(startMs) * 1_000_000n,
    endNs: BigInt(endMs) * 1_000_000n,
    version: startMs,
  };
}

const violations = (...history: HistoryEvent[]): number => singleFlight(history).violationCount;

describe('singleFlight', () => {
  it('takes one load of each key for right, however often it is read', () => {
    const history = [event('load', 0, 10), event('read', 0, 11), event('load', 5, 8, 'a', 'l')];
    expect(singleFlight(history)).toMatchObject({ operations: 2, violationCount: 0 });
  });

  it('finds a second load, at the same time or later, by the same process or another', () => {
    const history = [event('load', 5, 10, 'b'), event('load', 0, 10)];
    expect(singleFlight(history).violations).toEqual([
      {
        message: 'b loaded "k" (version 5) 5.0 ms after a (version 0), and nothing had changed it meanwhile',
        events: [history[1], history[0]],
      },
    ]);
    expect(violations(event('load', 0, 10), event('load', 20, 30), event('load', 40, 50))).toBe(2);
  });

  it.each<HistoryOperation>(['evict', 'write'])('excuses the loads after every %s', (op) => {
    expect(
      violations(event('load', 0, 10), event(op, 3, 5), event('load', 6, 9), event(op, 10, 11), event('load', 12, 13)),
    ).toBe(0);
    expect(violations(event('load', 0, 10), event(op, 3, 5), event('load', 6, 9), event('load', 12, 13))).toBe(1);
  });

  it.each<[string, startMs: number, endMs: number, violations: number]>([
    ['was over before the first load began', 1, 9, 1],
    ['ended when the first load began', 1, 10, 0],
    ['was under way all the time', 1, 90, 0],
    ['began when the second load began', 30, 90, 0],
    ['began after the second load', 31, 90, 1],
  ])('excuses a second load by an evict that %s, or not', (_, startMs, endMs, count) => {
    expect(violations(event('load', 10, 50), event('load', 30, 50), event('evict', startMs, endMs))).toBe(count);
  });

  it('is not excused by an evict of another key', () => {
    expect(violations(event('load', 0, 10), event('evict', 3, 5, 'a', 'l'), event('load', 6, 9))).toBe(1);
  });
});
