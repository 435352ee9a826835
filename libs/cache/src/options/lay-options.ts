import { isPlainObject } from './option-rules.js';

/** Options over others: what those above leave out is as below, within groups too. */
export function layOptions<Below extends object, Above extends object>(below: Below, above: Above): Below & Above {
  const together = new Map<string, unknown>(Object.entries(below));
  for (const [option, value] of Object.entries(above) as [string, unknown][]) {
    if (value === undefined) continue;
    const other = together.get(option);
    together.set(option, isPlainObject(value) && isPlainObject(other) ? layOptions(other, value) : value);
  }
  return Object.fromEntries(together) as Below & Above;
}
