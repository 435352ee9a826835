/** The fewest prefixes that cover the same keys, sorted: those that begin with another one are left out. */
export function coverOf(prefixes: Iterable<string>): string[] {
  const cover: string[] = [];
  for (const prefix of [...prefixes].sort()) {
    const last = cover.at(-1);
    if (last === undefined || !prefix.startsWith(last)) cover.push(prefix);
  }
  return cover;
}

/** Whether every key that begins with `prefix` is among those that `cover` covers. */
export function covers(cover: readonly string[], prefix: string): boolean {
  return cover.some((known) => prefix.startsWith(known));
}
