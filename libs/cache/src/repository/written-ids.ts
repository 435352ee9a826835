import { isSimpleId } from './key-part.js';
import type { EntityId } from './key-part.js';

/** The ids in the arguments or the result of a write. */
export interface IdsFound<Id> {
  readonly ids: readonly Id[];
  /** Things that are no id and have none, such as entities about to be created. */
  readonly unidentifiedCount: number;
  /** A list of simple values: they may be ids, or the parts of one id. */
  readonly isListOfValues: boolean;
}

/** Gives the id of an entity; `undefined`, or an error, for what has none. */
export type IdOf<Id> = (entity: never) => Id | undefined;

/**
 * The ids that a write with one of the usual names is about: its first argument is an id, an entity, or a list of either.
 * `undefined` when that cannot be told: there is no argument, or further ones that could be the id as well.
 */
export function idsInArguments<Id extends EntityId>(
  args: readonly unknown[],
  idOf: IdOf<Id>,
): IdsFound<Id> | undefined {
  const [subject, ...others] = args;
  if (subject === undefined) return undefined;
  const isListOfValues = Array.isArray(subject) && subject.some(isSimpleId);
  if ((isSimpleId(subject) || isListOfValues) && others.some(isSimpleId)) return undefined;
  return { ...collect(subject, (item) => (isSimpleId(item) ? (item as Id) : idOfItem(item, idOf))), isListOfValues };
}

/** The ids of the entity, or the list of entities, that a write returned. A simple value counts as none: it may be a count. */
export function idsOfEntities<Id extends EntityId>(result: unknown, idOf: IdOf<Id>): IdsFound<Id> {
  return { ...collect(result, (item) => idOfItem(item, idOf)), isListOfValues: false };
}

function collect<Id>(value: unknown, find: (item: unknown) => Id | undefined): Omit<IdsFound<Id>, 'isListOfValues'> {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const ids = items.map(find).filter((id) => id !== undefined);
  return { ids, unidentifiedCount: items.length - ids.length };
}

function idOfItem<Id>(item: unknown, idOf: IdOf<Id>): Id | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  try {
    return idOf(item as never) ?? undefined;
  } catch {
    // The strategy looked for a part that a draft or a criterion does not have.
    return undefined;
  }
}
