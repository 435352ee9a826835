import type { Sample } from './load.js';

const LABEL_WIDTH = 44;
const COLUMN_WIDTH = 12;

/** The head of a table of {@link loadRow}s. */
export function loadHead(title: string): string {
  return row(title, ['requests', 'per second', 'p50 ms', 'p99 ms', 'max ms', 'errors']);
}

/** What requests that were sent during `durationMs` experienced. */
export function loadRow(label: string, samples: readonly Sample[], durationMs: number): string {
  const latenciesMs = samples.map((sample) => sample.durationMs);
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => milliseconds(quantile(latenciesMs, share)));
  const errorCount = samples.filter((sample) => sample.isError).length;
  const perSecond = Math.round((samples.length * 1_000) / durationMs);
  return row(label, [samples.length, perSecond, p50, p99, max, errorCount]);
}

/** The value that `share` of the values do not exceed: 0.5 for the median, 1 for the largest. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
}

export function milliseconds(durationMs: number): string {
  return durationMs.toFixed(durationMs < 10 ? 2 : 0);
}

export function row(label: string, cells: readonly (string | number | undefined)[]): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${cells.map((cell) => String(cell).padStart(COLUMN_WIDTH)).join('')}`;
}
