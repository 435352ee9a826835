import { appendFile } from 'node:fs/promises';
import type { InvariantResult, Verdict } from '@nest-strata/testing';
import { expect } from '@jest/globals';

/**
 * Fails the test if the verdict has violations, with the first ones. In any case it goes into the report, if
 * `STRATA_CONSISTENCY_REPORT` names a file for it: a line of JSON for each.
 *
 * @param invariant the name of the line in the report, such as `V1 no stale read after an evict`
 * @param faults how many faults were injected meanwhile
 */
export async function expectKept(invariant: string, faults: number, verdict: Verdict): Promise<void> {
  const file = process.env['STRATA_CONSISTENCY_REPORT'];
  if (file !== undefined) {
    const violations = verdict.violations.map(({ message }) => ({ message, events: [] }));
    const result: InvariantResult = { ...verdict, violations, invariant, faults };
    await appendFile(file, `${JSON.stringify(result)}\n`);
  }
  expect(verdict.violations.map(({ message }) => message)).toEqual([]);
}
