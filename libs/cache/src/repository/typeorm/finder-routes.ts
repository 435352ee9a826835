import { isSimpleId } from '../key-part.js';
import type { EntityId } from '../key-part.js';
import { askIndexes } from '../read-routes.js';
import type { Question, ReadRoute } from '../read-routes.js';
import type { RepositoryMethods } from '../repository-methods.js';
import { readInOperator } from './typeorm-shapes.js';
import type { EntityMetadataShape } from './typeorm-shapes.js';

type Criteria = Readonly<Record<string, unknown>>;

/**
 * How calls of the finders of TypeORM's `Repository` are understood: criteria that are the primary key, or exactly the
 * properties of a declared index, and nothing else. An order, a lock, relations or a page make a call one that is not
 * cached, and so does an operator, but for `In` with the primary key.
 */
export function finderRoutes<E, Id extends EntityId>(
  metadata: EntityMetadataShape,
  { indexes, lists }: RepositoryMethods<E, Id>,
): ReadonlyMap<string, ReadRoute<Id>> {
  const [key, ...otherKeys] = metadata.primaryColumns.map(({ propertyName }) => propertyName);
  const ownKey = otherKeys.length === 0 ? key : undefined;

  const one = (criteria: Criteria | undefined): Question<Id> | undefined => {
    if (criteria === undefined) return undefined;
    const id = ownKey !== undefined && Object.keys(criteria).length === 1 ? criteria[ownKey] : undefined;
    return isSimpleId(id) ? { by: 'id', id: id as Id } : askIndexes(indexes, [criteria]);
  };
  const many = (criteria: Criteria | undefined, wrap: (where: object) => object): Question<Id> | undefined => {
    if (criteria === undefined) return undefined;
    const names = Object.keys(criteria);
    if (names.length === 0) return { by: 'all' };
    const operator = ownKey !== undefined && names.length === 1 ? readInOperator(criteria[ownKey]) : undefined;
    if (ownKey === undefined || operator === undefined) return askIndexes(lists, [criteria]);
    if (operator.values.length === 0 || !operator.values.every(isSimpleId)) return undefined;
    const argumentsFor = (ids: readonly Id[]): unknown[] => [wrap({ [ownKey]: operator.withValues(ids) })];
    return { by: 'ids', ids: operator.values as unknown as Id[], argumentsFor };
  };
  return new Map<string, ReadRoute<Id>>([
    ['findOneBy', (args) => one(onlyArgument(args))],
    ['findOne', (args) => one(whereOf(onlyArgument(args)))],
    ['findBy', (args) => many(onlyArgument(args), (where) => where)],
    ['find', (args) => many(args.length === 0 ? {} : whereOf(onlyArgument(args), {}), (where) => ({ where }))],
  ]);
}

function onlyArgument(args: readonly unknown[]): Criteria | undefined {
  return args.length === 1 ? plain(args[0]) : undefined;
}

/** The criteria of find options that have nothing else; `withoutWhere` for options that have nothing at all. */
function whereOf(options: Criteria | undefined, withoutWhere?: Criteria): Criteria | undefined {
  if (options === undefined) return undefined;
  const names = Object.keys(options);
  if (names.length === 0) return withoutWhere;
  return names.length === 1 ? plain(options['where']) : undefined;
}

function plain(value: unknown): Criteria | undefined {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
    ? (value as Criteria)
    : undefined;
}
