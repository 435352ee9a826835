import type { Cell, CellFigures } from './cells.js';

/** Prints a table in Markdown. */
export function printTable(title: string, columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (words: readonly string[]) => `| ${words.join(' | ')} |`;
  console.log([`\n### ${title}\n`, line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n'));
}

/** How fast is written, in words. */
export function paceName(pace: Cell['pace']): string {
  return pace === 'burst' ? 'a burst' : `${String(pace)} writes/s`;
}

/** Prints what the cells of a section, all of one pace, cost the server, and what each process hears. */
export function printCells(subject: string, figures: readonly CellFigures[]): void {
  const columns = ['changes heard by', 'processes', 'server µs/write', 'added µs', 'core %', 'writes/s'];
  const perProcess = ['messages', 'keys', 'bytes', 're-reads'].map((what) => `${what}/write`);
  const rows = figures.map((figure) => [
    figure.cell.name,
    String(figure.cell.fleet.clients),
    figure.cpuUsPerWrite.toFixed(1),
    figure.addedUsPerWrite.toFixed(1),
    (figure.busy * 100).toFixed(0),
    figure.writesPerSecond.toFixed(0),
    figure.messagesPerWrite.toFixed(3),
    figure.keysPerWrite.toFixed(2),
    figure.bytesPerWrite.toFixed(1),
    figure.rereadsPerWrite.toFixed(3),
  ]);
  const pace = figures[0]?.cell.pace ?? 'burst';
  printTable(`${subject}: ${paceName(pace)}`, [...columns, ...perProcess], rows);
}
