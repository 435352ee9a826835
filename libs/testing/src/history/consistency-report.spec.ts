import { describe, expect, it } from '@jest/globals';
import { ConsistencyReport } from './consistency-report.js';
import type { InvariantResult } from './consistency-report.js';

const result = (invariant: string, rest: Partial<InvariantResult> = {}): InvariantResult => ({
  invariant,
  operations: 1_000,
  faults: 2,
  violationCount: 0,
  violations: [],
  bounds: [],
  ...rest,
});

describe('ConsistencyReport', () => {
  it('shows a line per invariant, in their order, and every violation', () => {
    const report = new ConsistencyReport();
    report.add(result('V10 skew'));
    report.add(
      result('V2 delete against load', {
        operations: 123_456,
        violationCount: 7,
        violations: [{ message: 'a read too much', events: [] }],
        bounds: [
          { when: 'healthy', boundMs: 50, sampleCount: 20_000, lateCount: 3, worstMs: 62.34 },
          { when: 'always', boundMs: 1_000, sampleCount: 30_000, lateCount: 0, worstMs: 0 },
        ],
      }),
    );
    expect(report.violationCount).toBe(7);
    expect(String(report).split('\n')).toEqual([
      'invariant               operations  faults  violations  worst / bound',
      'V2 delete against load     123,456       2           7  healthy 62.3 / 50 ms (3 of 20,000 later), always 0.0 / 1000 ms',
      'V10 skew                     1,000       2           0  ',
      'V2 delete against load: a read too much',
    ]);
  });

  it('adds up what was found for one invariant', () => {
    const report = new ConsistencyReport();
    const violations = [{ message: 'x', events: [] }];
    report.add(
      result('V1', {
        bounds: [{ when: 'healthy', boundMs: 50, sampleCount: 5, lateCount: 1, worstMs: 3 }],
        violations,
        violationCount: 1,
      }),
    );
    report.add(
      result('V1', {
        bounds: [
          { when: 'healthy', boundMs: 40, sampleCount: 7, lateCount: 2, worstMs: 7 },
          { when: 'always', boundMs: 9, sampleCount: 1, lateCount: 0, worstMs: 1 },
        ],
        violations,
        violationCount: 30,
      }),
    );
    expect(report.results).toEqual([
      {
        invariant: 'V1',
        operations: 2_000,
        faults: 4,
        violationCount: 31,
        violations: [...violations, ...violations],
        bounds: [
          { when: 'healthy', boundMs: 50, sampleCount: 12, lateCount: 3, worstMs: 7 },
          { when: 'always', boundMs: 9, sampleCount: 1, lateCount: 0, worstMs: 1 },
        ],
      },
    ]);
  });
});
