import type { EntityId } from './key-part.js';

/**
 * What a write changed: `everything`, when nobody knows; else the ids, and the rows as they were before and are after,
 * as far as they are known.
 */
export type EntityChange<E, Id extends EntityId = EntityId> =
  'everything' | { readonly ids?: readonly Id[]; readonly rows?: readonly E[] };
