import type { CacheEntry } from '../entry/cache-entry.js';
import type { KeySpace } from '../keys/key-space.js';

/** Whether a change of the key or of one of its tags will be told by the name that it has here; memory keeps nothing else. */
export function isToldInFull(
  key: string,
  { tags }: Pick<CacheEntry, 'tags'>,
  keySpace: Pick<KeySpace, 'isToldInFull'>,
): boolean {
  return keySpace.isToldInFull(key) && tags.every(({ tag }) => keySpace.isToldInFull(tag));
}
