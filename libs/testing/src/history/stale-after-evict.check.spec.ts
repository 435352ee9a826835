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
      { when: 'healthy', boundMs: 50, sampleCount: 1, lateCount: 0, worstMs: 0 },
      { when: 'always', boundMs: 1_000, sampleCount: 1, lateCount: 0, worstMs: 0 },
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

  it('looks at the last read of each process that missed an evict, in whatever order all was recorded', () => {
    const read = (startMs: number, version: number, process: string) =>
      event('read', startMs, startMs + 1, { version, process });
    const evict = event('evict', 100, 110, { version: 2 });
    const verdict = check([
      read(130, 2, 'a'),
      read(120, 1, 'a'),
      evict,
      read(115, 1, 'a'),
      read(159, 1, 'b'),
      read(170, 0, 'c'),
      read(105, 1, 'd'),
    ]);
    expect(verdict.violations.map(({ events }) => events[1]?.process)).toEqual(['c']);
    expect(verdict.bounds[0]).toMatchObject({ sampleCount: 3, lateCount: 1, worstMs: 60 });
    expect(check([evict, read(120, 1, 'a'), read(130, 2, 'a')]).bounds[0]?.worstMs).toBe(10);
  });

  it('counts every evict that is missed', () => {
    const verdict = check([
      event('evict', 100, 105, { version: 2 }),
      event('evict', 100, 110, { version: 3 }),
      event('evict', 100, 120, { version: 1 }),
      event('read', 160, 161, { version: 1 }),
    ]);
    expect(verdict.violations.map(({ events }) => events[0]?.version)).toEqual([2, 3]);
  });

  it('lets a share of the evicts be seen late, but not later than the longer bound', () => {
    const history = Array.from({ length: 1_000 }, (_, at) =>
      ['evict', 'read'].map((op) => event(op as HistoryOperation, 100, 100, { version: 1, key: `k${at}` })),
    ).flat();
    const late = (...startsMs: number[]) =>
      startsMs.map((startMs, at) => event('read', startMs, startMs, { version: 0, key: `k${at}` }));
    const violations = (reads: HistoryEvent[], healthyShare: number) =>
      staleAfterEvict([...history, ...reads], { healthyBoundMs: 50, healthyShare, faultBoundMs: 1_000 }).violationCount;
    expect(violations(late(200), 0.999)).toBe(0);
    expect(violations(late(200), 1)).toBe(1);
    expect(violations(late(200, 200), 0.999)).toBe(2);
    expect(violations(late(1_100), 0.999)).toBe(1);
  });

  it('asks nothing of reads that began before the evict ended, nor of evicts that are pending or know no version', () => {
    expect(check(staleRead(105)).violationCount).toBe(0);
    expect(check(staleRead(5_000, { outcome: 'pending' })).violationCount).toBe(0);
    expect(check(staleRead(5_000, { outcome: 'confirmed' })).violationCount).toBe(1);
    expect(check(staleRead(5_000, { version: undefined })).violationCount).toBe(0);
  });

  it('asks for writes to be seen, too, if it is told to', () => {
    const history = [...staleRead(300, { op: 'write' }), ...staleRead(300, { op: 'write', outcome: 'older-version' })];
    expect(check(history).violationCount).toBe(0);
    const bounds = { healthyBoundMs: 50, faultBoundMs: 1_000, changes: ['evict', 'write'] as const };
    expect(staleAfterEvict(history, bounds).violations[0]?.message).toBe(
      'a read version 1 of "k" 190.0 ms after b had written version 2; the bound is 50 ms',
    );
    expect(staleAfterEvict(history.slice(2), bounds).violationCount).toBe(0);
  });

  it('gives the longer bound while something is broken', () => {
    const faults = [window(80, 90), window(105, 2_000)];
    const verdict = check(staleRead(1_109), ...faults);
    expect([verdict.violationCount, verdict.bounds]).toMatchObject([
      0,
      [
        { sampleCount: 0, worstMs: 0 },
        { sampleCount: 1, lateCount: 0, worstMs: 999 },
      ],
    ]);
    expect(check(staleRead(1_110), ...faults).violations[0]?.message).toContain('the bound is 1000 ms');
  });

  it('counts a read once that breaks both bounds', () => {
    expect(check(staleRead(1_110)).violations.map(({ message }) => message)).toEqual([
      expect.stringContaining('the bound is 1000 ms'),
    ]);
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

  it('holds reads to the short bound for evicts after the fault, and before it until it began', () => {
    const history = [event('evict', 0, 10, { version: 2 }), event('evict', 100, 110, { version: 3 })];
    const verdict = check([...history, event('read', 170, 171, { version: 1 })], window(0, 50));
    expect(verdict.violations.map(({ events }) => events[0])).toEqual([history[1]]);
    expect(verdict.bounds.map(({ worstMs }) => worstMs)).toEqual([60, 160]);
    const before = check([...staleRead(160), event('read', 300, 301, { version: 1 })], window(200, 400));
    expect(before.violations.map(({ events }) => events[1]?.startNs)).toEqual([atMs(160)]);
  });

  it('keeps the first violations of many', () => {
    const evicts = Array.from({ length: 100 }, () => event('evict', 100, 110, { version: 2 }));
    const verdict = check([...staleRead(300), ...evicts]);
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
      return read.key === evict.key && isBelow(read, evict) && read.startNs >= evict.endNs + boundNs;
    };
    const isBelow = (read: HistoryEvent, evict: HistoryEvent): boolean =>
      read.version !== undefined && evict.version !== undefined && read.version < evict.version;

    fc.assert(
      fc.property(fc.array(arbitraryEvent), fc.array(arbitraryWindow, { maxLength: 4 }), (history, faultWindows) => {
        const verdict = staleAfterEvict(history, { healthyBoundMs: 20, faultBoundMs: 100, faultWindows });
        const reads = history.filter(({ op }) => op === 'read');
        const missed = history
          .filter(({ op }) => op === 'evict')
          .flatMap((evict) =>
            ['a', 'b'].filter((name) =>
              reads.some((read) => read.process === name && isMissed(read, evict, faultWindows)),
            ),
          );
        expect(verdict.violationCount).toBe(missed.length);
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
