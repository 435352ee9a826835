import type { Verdict } from '@nest-strata/testing';

/** What came of so many checks: the messages of those that failed. */
export function verdictOf(operations: number, failures: readonly string[]): Verdict {
  const violations = failures.slice(0, 20).map((message) => ({ message, events: [] }));
  return { operations, violationCount: failures.length, violations, bounds: [] };
}
