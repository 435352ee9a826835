import type { BoundKept, Verdict } from './verdict.js';

/** What the report says of an invariant. */
export interface InvariantResult extends Verdict {
  /** Its name, such as `V1 no stale read after an evict`. */
  readonly invariant: string;
  /** How many faults were injected meanwhile. */
  readonly faults: number;
}

/** What was found for each invariant, over all suites and rounds that checked it. */
export class ConsistencyReport {
  readonly #results = new Map<string, InvariantResult>();

  /** One result per invariant, in the order of their names, numbers in them by size: V2 stands before V10. */
  get results(): readonly InvariantResult[] {
    const collator = new Intl.Collator('en', { numeric: true });
    return [...this.#results.values()].sort((one, other) => collator.compare(one.invariant, other.invariant));
  }

  get violationCount(): number {
    return this.results.reduce((sum, { violationCount }) => sum + violationCount, 0);
  }

  /** Adds what another check, or another round of the same, has found. */
  add(found: InvariantResult): void {
    const known = this.#results.get(found.invariant);
    this.#results.set(found.invariant, known === undefined ? found : merge(known, found));
  }

  /** A line per invariant: operations, faults, violations, the worst delays beside their bounds; then the violations. */
  toString(): string {
    const lines = [['invariant', 'operations', 'faults', 'violations', 'worst / bound'], ...this.results.map(lineOf)];
    const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
    const table = lines.map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    );
    const violations = this.results.flatMap(({ invariant, violations }) =>
      violations.map(({ message }) => `${invariant}: ${message}`),
    );
    return [...table, ...violations].join('\n');
  }
}

function merge(known: InvariantResult, found: InvariantResult): InvariantResult {
  return {
    invariant: known.invariant,
    operations: known.operations + found.operations,
    faults: known.faults + found.faults,
    violationCount: known.violationCount + found.violationCount,
    violations: [...known.violations, ...found.violations],
    bounds: mergeBounds([...known.bounds, ...found.bounds]),
  };
}

/** All samples of each condition, beside the loosest of its bounds. */
function mergeBounds(bounds: readonly BoundKept[]): BoundKept[] {
  const merged = new Map<string, BoundKept>();
  for (const bound of bounds) {
    const known = merged.get(bound.when);
    merged.set(bound.when, known === undefined ? bound : mergeBound(known, bound));
  }
  return [...merged.values()];
}

function mergeBound(known: BoundKept, found: BoundKept): BoundKept {
  return {
    when: known.when,
    boundMs: Math.max(known.boundMs, found.boundMs),
    sampleCount: known.sampleCount + found.sampleCount,
    lateCount: known.lateCount + found.lateCount,
    worstMs: Math.max(known.worstMs, found.worstMs),
  };
}

function lineOf({ invariant, operations, faults, violationCount, bounds }: InvariantResult): string[] {
  return [invariant, ...[operations, faults, violationCount].map(grouped), bounds.map(describeBound).join(', ')];
}

function describeBound({ when, boundMs, sampleCount, lateCount, worstMs }: BoundKept): string {
  const late = lateCount === 0 ? '' : ` (${grouped(lateCount)} of ${grouped(sampleCount)} later)`;
  return `${when} ${worstMs.toFixed(1)} / ${boundMs} ms${late}`;
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}
