import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FaultWindow } from './fault-windows.js';
import type { HistoryEvent, HistoryOperation } from './history-event.js';
import { staleAfterEvict } from './stale-after-evict.check.js';

const atMs = (ms: number): bigint => 10n ** 15n + BigInt(ms) * 1_000_000n;

function event(op: HistoryOperation, startMs: number, endMs: number, rest: Partial<HistoryEvent> = {}): HistoryEvent {
  return { process: 'a', op, key: 'k', startNs: atMs(startMs), endNs: atMs(endMs), ...rest };
}

const window = (startMs: number, endMs: number, processes?: readonly string[]): FaultWindow => ({
  startNs: atMs(startMs),
  endNs: atMs(endMs),
  ...(processes && { processes }),
});

const check = (history: HistoryEvent[], ...faultWindows: FaultWindow[]) =>
  staleAfterEvict(history, { healthyBoundMs: 50, faultBoundMs: 1_000, faultWindows });

/** Version 2 was committed, the key evicted from 100 to 110 ms; then version 1 is read at `startMs`. */
const staleRead = (startMs: number, evict: Partial<HistoryEvent> = {}, read: Partial<HistoryEvent> = {}) => [
  event('evict', 100, 110, { version: 2, process: 'b', ...evict }),
  event('read', startMs, startMs + 1, { version: 1, ...read }),
];

describe('staleAfterEvict', () => {
  it('takes histories without stale reads for right', () => {
    const verdict = check([
      event('read', 90, 95, { version: 1 }),
      event('commit', 99, 99, { version: 2 }),
      event('evict', 100, 110, { version: 2, process: 'b' }),
      event('read', 110, 111),
      event('read', 200, 201, { version: 2 }),
      event('read', 300, 301, { version: 3 }),
      event('read', 300, 301, { version: 1, key: 'another' }),
    ]);
    expect(verdict).toMatchObject({ operations: 4, violationCount: 0, violations: [] });
    expect(verdict.bounds).toEqual([
      { when: 'healthy', boundMs: 50, worstMs: 0 },
      { when: 'faults', boundMs: 1_000, worstMs: 0 },
    ]);
  });

  it('lets a read be behind for less than the bound, and says by how much', () => {
    const verdict = check(staleRead(159));
    expect([verdict.violationCount, verdict.bounds[0]?.worstMs]).toEqual([0, 49]);
  });

  it('finds a read that is behind by the bound', () => {
    const history = staleRead(160, {}, { tier: 'memory', process: 'c' });
    const verdict = check(history);
    expect([verdict.violationCount, verdict.violations]).toEqual([
      1,
      [
        {
          message:
            'c read version 1 of "k" from memory 50.0 ms after b had evicted it with version 2 in the database; ' +
            'the bound is 50 ms',
          events: history,
        },
      ],
    ]);
  });

  it('counts from the first evict that was missed, in whatever order they ended and were recorded', () => {
    const verdict = check([
      event('read', 159, 160, { version: 1 }),
      event('evict', 100, 140, { version: 3 }),
      event('evict', 100, 105, { version: 1 }),
      event('evict', 100, 110, { version: 2 }),
    ]);
    expect([verdict.violationCount, verdict.bounds[0]?.worstMs]).toEqual([0, 49]);
    const late = check([...staleRead(160, { version: 3 }), event('evict', 150, 155, { version: 2 })]);
    expect(late.violations[0]?.message).toContain('had evicted it with version 3');
  });

  it('asks nothing of reads that began before the evict ended, nor of evicts that are pending or know no version', () => {
    expect(check(staleRead(105)).violationCount).toBe(0);
    expect(check(staleRead(5_000, { outcome: 'pending' })).violationCount).toBe(0);
    expect(check(staleRead(5_000, { outcome: 'confirmed' })).violationCount).toBe(1);
    expect(check(staleRead(5_000, { version: undefined })).violationCount).toBe(0);
  });

  it('gives the longer bound while something is broken', () => {
    const faults = [window(80, 90), window(105, 2_000)];
    const verdict = check(staleRead(1_109), ...faults);
    expect([verdict.violationCount, verdict.bounds.map(({ worstMs }) => worstMs)]).toEqual([0, [0, 999]]);
    expect(check(staleRead(1_110), ...faults).violations[0]?.message).toContain('the bound is 1000 ms');
  });

  it.each<[string, FaultWindow, violations: number]>([
    ['until just before the evict ended', window(0, 109), 1],
    ['until the evict ended', window(0, 110), 0],
    ['between the two', window(120, 130), 0],
    ['from when the read began', window(300, 400), 0],
    ['after the read began', window(301, 400), 1],
    ['for the reader', window(120, 130, ['a', 'c']), 0],
    ['for others', window(120, 130, ['b', 'c']), 1],
  ])('holds reads to the short bound unless something was broken meanwhile: %s', (_, fault, violations) => {
    expect(check(staleRead(300), fault).violationCount).toBe(violations);
  });

  it('holds reads to the short bound for evicts after the fault', () => {
    const history = [event('evict', 0, 10, { version: 2 }), event('evict', 100, 110, { version: 3 })];
    const verdict = check([...history, event('read', 170, 171, { version: 1 })], window(0, 50));
    expect(verdict.violations.map(({ events }) => events[0])).toEqual([history[1]]);
    expect(verdict.bounds.map(({ worstMs }) => worstMs)).toEqual([60, 0]);
  });

  it('keeps the first violations of many', () => {
    const reads = Array.from({ length: 100 }, () => event('read', 300, 301, { version: 1 }));
    const verdict = check([...staleRead(300), ...reads]);
    expect([verdict.violationCount, verdict.violations.length]).toEqual([101, 20]);
  });

  it('finds what a comparison of every read with every evict finds', () => {
    const times = fc.integer({ min: 0, max: 300 });
    const arbitraryEvent = fc
      .record({
        op: fc.constantFrom<HistoryOperation>('read', 'evict'),
        process: fc.constantFrom('a', 'b'),
        key: fc.constantFrom('k', 'l'),
        startMs: times,
        forMs: fc.integer({ min: 0, max: 20 }),
        version: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
      })
      .map(({ op, startMs, forMs, ...rest }) => event(op, startMs, startMs + forMs, rest));
    const arbitraryWindow = fc
      .tuple(times, fc.integer({ min: 0, max: 50 }), fc.option(fc.constantFrom(['a'], ['b']), { nil: undefined }))
      .map(([startMs, forMs, processes]) => window(startMs, startMs + forMs, processes));

    const isBroken = (fault: FaultWindow, read: HistoryEvent, evict: HistoryEvent): boolean =>
      (fault.processes?.includes(read.process) ?? true) && fault.startNs <= read.startNs && fault.endNs >= evict.endNs;
    const isMissed = (read: HistoryEvent, evict: HistoryEvent, faults: FaultWindow[]): boolean => {
      const boundNs = faults.some((fault) => isBroken(fault, read, evict)) ? 100_000_000n : 20_000_000n;
      return (
        evict.key === read.key && (evict.version ?? -1) > (read.version ?? 9) && read.startNs >= evict.endNs + boundNs
      );
    };
    fc.assert(
      fc.property(fc.array(arbitraryEvent), fc.array(arbitraryWindow, { maxLength: 4 }), (history, faultWindows) => {
        const verdict = staleAfterEvict(history, { healthyBoundMs: 20, faultBoundMs: 100, faultWindows });
        const evicts = history.filter(({ op }) => op === 'evict');
        const stale = history.filter(
          (read) => read.op === 'read' && evicts.some((evict) => isMissed(read, evict, faultWindows)),
        );
        expect(verdict.violationCount).toBe(stale.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('checks a hundred thousand events in a moment', () => {
    const history = Array.from({ length: 100_000 }, (_, at) =>
      at % 10 === 0
        ? event('evict', at, at + 1, { version: at, key: `k${at % 3}` })
        : event('read', at, at + 1, { version: at, key: `k${at % 3}` }),
    );
    const startedAtMs = performance.now();
    expect(check(history).operations).toBe(90_000);
    expect(performance.now() - startedAtMs).toBeLessThan(3_000);
  });
});
