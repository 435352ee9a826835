import type { Sample } from './load.js';

const COLUMNS = ['requests', 'per second', 'p50 ms', 'p99 ms', 'max ms', 'errors'];
const LABEL_WIDTH = 44;
const COLUMN_WIDTH = 11;

/** The head of a table of {@link loadRow}s. */
export function loadHead(title: string): string {
  return row(title, COLUMNS);
}

/** What requests that were sent during `durationMs` experienced. */
export function loadRow(label: string, samples: readonly Sample[], durationMs: number): string {
  const sortedMs = samples.map((sample) => sample.durationMs).sort((one, other) => one - other);
  const at = (share: number): string => milliseconds(sortedMs[Math.ceil(share * sortedMs.length) - 1] ?? NaN);
  const errorCount = samples.filter((sample) => sample.isError).length;
  const perSecond = Math.round((samples.length * 1_000) / durationMs);
  return row(label, [samples.length, perSecond, at(0.5), at(0.99), at(1), errorCount]);
}

export function milliseconds(durationMs: number): string {
  return durationMs.toFixed(durationMs < 10 ? 2 : 0);
}

export function row(label: string, cells: readonly (string | number)[]): string {
  return `  ${label.padEnd(LABEL_WIDTH)}${cells.map((cell) => String(cell).padStart(COLUMN_WIDTH)).join('')}`;
}
