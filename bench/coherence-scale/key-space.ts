/** How many keys there are; far more than are written at a time, so that the same one is seldom met twice. */
export const KEY_COUNT = 20_000;

/** Every value has as many bytes, so that the length of a reply tells that it is complete. */
export const VALUE = 'v'.repeat(100);

/** Where Redis delivers what tracking tells. */
export const TRACKING_CHANNEL = '__redis__:invalidate';

/** A prefix that all keys have. */
export const COMMON_PREFIX = 'strata:';

const INDEX_DIGITS = 6;

/** The key of a value; spread evenly over so many caches. */
export function valueKey(index: number, caches = 1): string {
  return `${cachePrefix(index % caches)}v:${String(index).padStart(INDEX_DIGITS, '0')}`;
}

/** The key of the lease that a load of the value takes. */
export function leaseKey(index: number, caches = 1): string {
  return `${cachePrefix(index % caches)}l:{${valueKey(index, caches)}}`;
}

/** How the keys of values, tags and leases of a cache begin, and the record that clears it. */
export type KeyKind = 'v:' | 't:' | 'l:' | 'c';

/** What a process follows to keep the cache in memory. */
export function prefixesOf(cache: number, kinds: readonly KeyKind[] = ['v:', 't:', 'l:', 'c']): readonly string[] {
  return kinds.map((kind) => cachePrefix(cache) + kind);
}

/** The channel on which the changes of a cache are published. */
export function channelOf(cache: number): string {
  return `${cachePrefix(cache)}changes`;
}

/** The index in a {@link valueKey}, from the bytes that end before `endOffset`. */
export function indexOfKey(bytes: Buffer, endOffset: number): number {
  let index = 0;
  for (let offset = endOffset - INDEX_DIGITS; offset < endOffset; offset++) {
    index = index * 10 + (bytes[offset] ?? 0) - 0x30;
  }
  return index;
}

/** Always as long, whatever the number. */
function cachePrefix(cache: number): string {
  return `${COMMON_PREFIX}c${String(cache).padStart(3, '0')}:`;
}
