/**
 * The Lua of an algorithm, in pieces that the script is put together of: text, not functions, since to make functions and
 * tables anew in each run would cost more than the limits themselves. The claim is `c`: `c.value` (what is stored under its
 * mark, or false), `c.cost`, `c.stamp` (its lease), `c.moment` (for which it was taken, or nil), `c.p1` … `c.p4`, `c.key`
 * where it has its own, and whatever else the pieces keep there. `now` is in µs.
 */
export interface LimitLua {
  /** Functions that the pieces call; once per script. */
  readonly helpers?: string;
  /** Reads what is kept as it is now. State that had to be converted for good sets `c.is_converted`. */
  readonly read: string;
  /** An expression: whether the cost fits. */
  readonly allows: string;
  readonly take: string;
  readonly giveBack: string;
  /** An expression: what is to be stored, with the mark; in its own key `take` and `giveBack` have stored it already. */
  readonly pack?: string;
  /** An expression: the time until all is as good as none. */
  readonly leftUs: string;
  /** An expression: what a verdict needs, in the order of `parse`; a table counts for what it contains. */
  readonly tell: string;
}

/**
 * A stored time has 6 bytes, modulo 2^48 µs, and is read as the moment nearest to now; a limit never looks as far as half
 * of that.
 */
export function nearest(stored: string): string {
  return `(now + (${stored} - now + 140737488355328) % 281474976710656 - 140737488355328)`;
}

/** What of a time is stored. */
export function wrapped(us: string): string {
  return `${us} % 281474976710656`;
}

/** The shape of a mark, a time and a number of as many bytes as it needs. */
export function shapeFor(number: string): string {
  const sizes = [1, 2, 3, 4, 5, 6].map((bytes) => `${number} < ${2 ** (8 * bytes)} and '<BI6I${bytes}'`);
  return `(${sizes.join(' or ')} or '<BI6I7')`;
}

/** The shape that was chosen for what is stored. */
export function shapeOf(value: string): string {
  const sizes = [1, 2, 3, 4, 5, 6].map((bytes) => `#${value} == ${7 + bytes} and '<BI6I${bytes}'`);
  return `(${sizes.join(' or ')} or '<BI6I7')`;
}
