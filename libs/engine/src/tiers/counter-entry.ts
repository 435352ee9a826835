import type { CacheEntry } from '../entry/cache-entry.js';

/** Stands where an entry has the version of the clear record; that of a counter is in its companion. */
const COUNTER = 'counter';
const PLAIN_INTEGER = /^-?\d{1,16}$/;
const MAX_COUNTER_BYTES = 17;

/** The entry of a counter, from its bytes: a plain integer, as `INCRBY` keeps it. `undefined`: they are none. Its times are in its companion. */
export function decodeCounter(stored: Buffer, nowMs: number): CacheEntry | undefined {
  if (stored.length > MAX_COUNTER_BYTES) return undefined;
  const text = stored.toString('latin1');
  const value = Number(text);
  if (!PLAIN_INTEGER.test(text) || !Number.isSafeInteger(value)) return undefined;
  const forEver = { freshUntilMs: Infinity, goneAtMs: Infinity };
  return { value, createdAtMs: nowMs, ...forEver, writeId: '', clearVersion: COUNTER, tags: [] };
}

export function isCounter(entry: CacheEntry): boolean {
  return entry.clearVersion === COUNTER;
}
