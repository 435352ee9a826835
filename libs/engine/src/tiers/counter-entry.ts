import type { CacheEntry } from '../entry/cache-entry.js';
import { NO_SOURCE_VERSION } from '../entry/source-version.js';

/** Stands where an entry has the version of the clear record; that of a counter is in its companion. */
const COUNTER = 'counter';
const COUNTER_FACTS = {
  writeId: '',
  clearVersion: COUNTER,
  tags: [],
  sourceVersion: NO_SOURCE_VERSION,
  etag: undefined,
  loadMs: 0,
} as const;
const PLAIN_INTEGER = /^-?\d{1,16}$/;
const MAX_COUNTER_BYTES = 17;

/** The entry of a counter, from its bytes: a plain integer, as `INCRBY` keeps it. `undefined`: they are none. Its times are in its companion. */
export function decodeCounter(stored: Buffer, nowMs: number): CacheEntry | undefined {
  if (stored.length > MAX_COUNTER_BYTES) return undefined;
  const text = stored.toString('latin1');
  const value = Number(text);
  if (!PLAIN_INTEGER.test(text) || !Number.isSafeInteger(value)) return undefined;
  const forEver = { freshUntilMs: Infinity, goneAtMs: Infinity };
  return { value, createdAtMs: nowMs, ...forEver, ...COUNTER_FACTS };
}

export function isCounter(entry: CacheEntry): boolean {
  return entry.clearVersion === COUNTER;
}
