import type { WrittenIds } from './cache-strategy.js';
import type { WriteKind } from './conventional-methods.js';
import { isEntityId } from './key-part.js';
import type { EntityId } from './key-part.js';
import { idsInArguments } from './written-ids.js';
import type { IdOf } from './written-ids.js';

/** The entities that a write may change, of those that can have been saved before it. */
export type WrittenBefore<Id> = readonly Id[] | 'everything';

const FACTORY = 'create';

/** What a write with one of the usual names may change, as far as its arguments tell. */
export function idsOfConventional<Id extends EntityId>(
  { method, kind }: { readonly method: string; readonly kind: WriteKind },
  args: readonly unknown[],
  idOf: IdOf<Id>,
): WrittenBefore<Id> {
  // That of some mappers only makes an object, at once; and what was saved before cannot be created.
  if (method === FACTORY) return [];
  const found = idsInArguments(args, idOf);
  if (found === undefined || changesOthers(method)) return 'everything';
  // The id in a criterion can be an operator.
  const ids = found.ids.filter(isEntityId);
  const makesRows = kind === 'create' || method.startsWith('save');
  if (!makesRows && found.unidentifiedCount + found.ids.length > ids.length) return 'everything';
  // Simple values are ids, or the parts of one.
  return found.isListOfValues && isEntityId(args[0]) ? [...ids, args[0] as Id] : ids;
}

/** What a write may change that the strategy declares. */
export function idsOfDeclared<Id extends EntityId>(
  written: Exclude<WrittenIds<Id>, false>,
  args: readonly unknown[],
): WrittenBefore<Id> {
  if (written === 'everything') return written;
  try {
    const ids = written(...(args as never[]));
    return ids !== 'everything' && ids.every(isEntityId) ? ids : 'everything';
  } catch {
    // It is told when the write is invalidated.
    return 'everything';
  }
}

/** An upsert changes the row that it collides with, which may have another id. */
function changesOthers(method: string): boolean {
  return method.startsWith('upsert');
}
