/** The names that a misspelt one probably stands for, nearest first; empty when none is near. */
export function nearestNames(given: string, known: readonly string[]): string[] {
  const wanted = given.toLowerCase();
  const maxEdits = Math.ceil(given.length / 3);
  return known
    .map((name) => ({ name, edits: editDistance(wanted, name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= maxEdits || isPartOf(wanted, name.toLowerCase()))
    .sort((a, b) => a.edits - b.edits)
    .map(({ name }) => name);
}

/** Whether one is a piece of the other; pieces of one or two letters tell nothing. */
function isPartOf(a: string, b: string): boolean {
  return Math.min(a.length, b.length) > 2 && (a.includes(b) || b.includes(a));
}

/** How many letters must be put in, taken out or exchanged to turn `a` into `b` (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1];
    for (const [column, other] of [...b].entries()) {
      const exchanged = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(exchanged, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
