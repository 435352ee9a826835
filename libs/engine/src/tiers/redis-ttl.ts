/** The longest time to live that Redis takes, in ms; a longer one is none. */
const MAX_PX = 2 ** 52;

/** A time to live as `PX` takes it: whole milliseconds, at least one; `undefined`: for ever. */
export function toPx(ttlMs: number): number | undefined {
  return ttlMs > MAX_PX ? undefined : Math.max(1, Math.ceil(ttlMs));
}
