import { describe, expect, it } from '@jest/globals';
import type { HistoryEvent, HistoryOperation } from './history-event.js';
import { monotonicReads, readYourWrites } from './reads-in-order.check.js';

function event(
  op: HistoryOperation,
  startNs: number,
  version?: number,
  rest: Partial<HistoryEvent> = {},
): HistoryEvent {
  return { process: 'a', op, key: 'k', startNs: BigInt(startNs), endNs: BigInt(startNs + 10), version, ...rest };
}

describe('monotonicReads', () => {
  it('takes versions that grow for right, misses and other keys between them too', () => {
    const history = [event('read', 0, 1), event('read', 10), event('read', 20, 1), event('read', 30, 5)];
    const others = [event('read', 40, 2, { key: 'l' }), event('read', 40, 2, { process: 'b' }), event('evict', 40, 9)];
    expect(monotonicReads([...history, ...others])).toMatchObject({ operations: 5, violationCount: 0, bounds: [] });
  });

  it('finds a read that goes back', () => {
    const history = [event('read', 20, 2, { tier: 'memory' }), event('read', 10, 3), event('read', 30, 3)];
    expect(monotonicReads(history)).toMatchObject({
      operations: 3,
      violationCount: 1,
      violations: [
        {
          message: 'a read version 2 of "k" from memory after it had read version 3',
          events: [history[1], history[0]],
        },
      ],
    });
  });

  it('asks for no order of reads that overlap', () => {
    expect(monotonicReads([event('read', 0, 3), event('read', 9, 2)]).violationCount).toBe(0);
    expect(monotonicReads([event('read', 0, 3), event('read', 10, 2)]).violationCount).toBe(1);
  });

  it('holds within a session', () => {
    const [first, second] = [event('read', 0, 3, { session: 's' }), event('read', 20, 2, { session: 't' })];
    expect(monotonicReads([first, second]).violationCount).toBe(0);
    const across = monotonicReads([first, { ...second, session: 's', process: 'b' }]);
    expect(across.violations[0]?.message).toBe('s of b read version 2 of "k" after it had read version 3');
  });
});

describe('readYourWrites', () => {
  it.each<HistoryOperation>(['write', 'evict'])('finds a read that does not see the %s before it', (op) => {
    const history = [event(op, 0, 4, { outcome: 'pending' }), event('read', 10, 3)];
    expect(readYourWrites(history)).toMatchObject({
      operations: 1,
      violationCount: 1,
      violations: [{ message: `a read version 3 of "k" after it did ${op} version 4`, events: history }],
    });
  });

  it('takes for right what sees the change, misses, overlaps it, or is somebody else', () => {
    const history = [
      event('write', 0, 4),
      event('read', 9, 3),
      event('read', 10, 4),
      event('read', 20),
      event('read', 30, 3, { process: 'b' }),
      event('read', 30, 3, { key: 'l' }),
      event('write', 40),
    ];
    expect(readYourWrites(history)).toMatchObject({ operations: 4, violationCount: 0 });
  });
});
