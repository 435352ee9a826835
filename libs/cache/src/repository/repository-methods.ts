import type { CacheStrategy, WrittenIds } from './cache-strategy.js';
import { CONVENTIONAL_READS, CONVENTIONAL_WRITES } from './conventional-methods.js';
import type { WriteKind } from './conventional-methods.js';
import type { ListIndex, UniqueIndex } from './entity-index.js';
import type { EntityId } from './key-part.js';
import { suggest } from './strategy-rules.js';

/** The methods of a repository that the cache steps in front of. */
export interface RepositoryMethods<E, Id> {
  readonly byId: string | undefined;
  readonly byIds: string | undefined;
  readonly all: string | undefined;
  readonly indexes: ReadonlyMap<string, UniqueIndex<E>>;
  readonly lists: ReadonlyMap<string, ListIndex<E>>;
  readonly declaredWrites: ReadonlyMap<string, Exclude<WrittenIds<Id>, false>>;
  readonly conventionalWrites: ReadonlyMap<string, WriteKind>;
}

/**
 * The methods that a strategy means, of those that a repository has, and what is wrong with what it declares.
 *
 * @param hasFinders the repository has general finders, which ask the indexes whatever these are called
 */
export function findMethods<E extends object, Id extends EntityId>(
  strategy: CacheStrategy<E, Id>,
  available: readonly string[],
  hasFinders: boolean,
): { readonly methods: RepositoryMethods<E, Id>; readonly problems: readonly string[] } {
  const { reads = {}, writes = {} } = strategy;
  const indexes = new Map(Object.entries(strategy.indexes ?? {}));
  const lists = new Map(Object.entries(strategy.lists ?? {}));
  const declared = [reads.byId, reads.byIds, reads.all, ...indexes.keys(), ...lists.keys(), ...Object.keys(writes)];
  const named = declared.filter((name): name is string => typeof name === 'string');

  const problems = [...new Set(named)].flatMap((name) => {
    const isFree = hasFinders && (indexes.has(name) || lists.has(name));
    if (!isFree && !available.includes(name)) {
      return [`the repository has no method ${name}${suggest(name, available)}`];
    }
    return named.indexOf(name) === named.lastIndexOf(name) ? [] : [`the method ${name} is declared twice`];
  });
  const readBy = (kind: keyof typeof CONVENTIONAL_READS): string | undefined => {
    const name = reads[kind] ?? CONVENTIONAL_READS[kind];
    return name !== false && available.includes(name) && (reads[kind] !== undefined || !named.includes(name))
      ? name
      : undefined;
  };
  const methods = {
    byId: readBy('byId'),
    byIds: readBy('byIds'),
    all: readBy('all'),
    indexes,
    lists,
    declaredWrites: new Map(Object.entries(writes).filter(isWrite)),
    conventionalWrites: new Map(
      [...CONVENTIONAL_WRITES].filter(([name]) => available.includes(name) && !named.includes(name)),
    ),
  };
  return { methods, problems };
}

/** The methods of an object, inherited ones included; accessors are not asked. */
export function methodNames(repository: object): string[] {
  const names = new Set<string>();
  for (let owner: object | null = repository; owner !== null && owner !== Object.prototype;) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (typeof value === 'function' && name !== 'constructor') names.add(name);
    }
    owner = Object.getPrototypeOf(owner) as object | null;
  }
  return [...names];
}

function isWrite<Id>(entry: [string, WrittenIds<Id>]): entry is [string, Exclude<WrittenIds<Id>, false>] {
  return entry[1] !== false;
}
