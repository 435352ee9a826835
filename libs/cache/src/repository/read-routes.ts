import type { EntityIndex } from './entity-index.js';
import { isEntityId } from './key-part.js';
import type { EntityId } from './key-part.js';
import type { RepositoryMethods } from './repository-methods.js';

/** What a call of a reading method asks for. */
export type Question<Id> =
  | { readonly by: 'id'; readonly id: Id }
  /** `argumentsFor`: the arguments that ask the same for some of the ids. */
  | {
      readonly by: 'ids';
      readonly ids: readonly Id[];
      readonly argumentsFor: (ids: readonly Id[]) => readonly unknown[];
    }
  | { readonly by: 'unique' | 'list'; readonly index: string; readonly key: string }
  | { readonly by: 'all' };

/** Understands a call by its arguments; `undefined`: it asks for something that is not cached. */
export type ReadRoute<Id> = (args: readonly unknown[]) => Question<Id> | undefined;

/** How calls of the methods that a strategy means are understood, by the names of the methods. */
export function methodRoutes<E, Id extends EntityId>(methods: RepositoryMethods<E, Id>): Map<string, ReadRoute<Id>> {
  const { byId, byIds, all, indexes, lists } = methods;
  const routes = new Map<string, ReadRoute<Id>>();
  if (byId !== undefined) {
    routes.set(byId, (args) =>
      args.length === 1 && isEntityId(args[0]) ? { by: 'id', id: args[0] as Id } : undefined,
    );
  }
  if (byIds !== undefined) routes.set(byIds, askIds);
  if (all !== undefined) routes.set(all, (args) => (args.length === 0 ? { by: 'all' } : undefined));
  for (const entry of [...indexes, ...lists]) routes.set(entry[0], (args) => askIndexes([entry], args));
  return routes;
}

/** The question of the index that has a key for these arguments. */
export function askIndexes<E>(
  indexes: Iterable<readonly [name: string, index: EntityIndex<E>]>,
  args: readonly unknown[],
): { by: 'unique' | 'list'; index: string; key: string } | undefined {
  for (const [name, index] of indexes) {
    const key = index.keyFor(args);
    if (key !== undefined) return { by: index.kind, index: name, key };
  }
  return undefined;
}

function askIds<Id extends EntityId>(args: readonly unknown[]): Question<Id> | undefined {
  const [ids] = args;
  if (args.length !== 1 || !Array.isArray(ids) || ids.length === 0 || !ids.every(isEntityId)) return undefined;
  return { by: 'ids', ids: ids as unknown as readonly Id[], argumentsFor: (some) => [some] };
}
