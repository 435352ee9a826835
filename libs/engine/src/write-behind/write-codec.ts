import type { CacheEntry } from '../entry/cache-entry.js';
import type { EntryCodec } from '../envelope/entry-codec.js';
import type { EnvelopeDamage } from '../envelope/envelope-damage.js';

const NO_VERSION = '0000000000000000';

/** What an envelope says besides the value, and what means nothing for a write. */
const NO_FACTS: Omit<CacheEntry, 'value'> = {
  createdAtMs: 0,
  freshUntilMs: Infinity,
  goneAtMs: Infinity,
  writeId: NO_VERSION,
  clearVersion: NO_VERSION,
  tags: [],
  sourceVersion: NO_VERSION,
  etag: undefined,
  loadMs: 0,
};

/**
 * Turns accepted values into bytes and back, as the cache does with its entries: the same codec, classes, compression,
 * limit and checksums.
 */
export class WriteCodec<T> {
  constructor(private readonly entries: EntryCodec) {}

  /** @throws UnsupportedValueError, ValueTooLargeError */
  encode(key: string, value: T): Buffer {
    return this.entries.encode(key, { ...NO_FACTS, value });
  }

  decode(key: string, bytes: Buffer): { readonly value: T } | EnvelopeDamage {
    const entry = this.entries.decode(key, bytes);
    return typeof entry === 'string' ? entry : { value: entry.value as T };
  }
}
