import type { Verdict } from '@nest-strata/testing';

/** The verdict of a suite that looks for itself, without times. */
export function plainVerdict(operations: number, wrong: readonly string[]): Verdict {
  const violations = wrong.map((message) => ({ message, events: [] }));
  return { operations, violationCount: wrong.length, violations, bounds: [] };
}
