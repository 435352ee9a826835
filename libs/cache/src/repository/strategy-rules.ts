import { isDuration } from '@nest-strata/core';
import { describeGiven } from '../options/describe-given.js';
import { nearestNames } from '../options/nearest-names.js';
import type { CacheStrategy } from './cache-strategy.js';
import { CONVENTIONAL_READS } from './conventional-methods.js';
import { EntityIndex } from './entity-index.js';
import type { EntityId } from './key-part.js';

/** `.` and `:` separate the parts of a key, white space would end one in a log. */
const ENTITY_NAME = /^[^.:\s]+$/;

const WRITE_MODES: readonly string[] = ['evict', 'through', 'behind'];

/** What the keys and tags of the strategy's entity begin with: `hero` for the class `Hero`. */
export function entityNameOf<E extends object>({ name, entity }: Pick<CacheStrategy<E>, 'name' | 'entity'>): string {
  if (name !== undefined) return name;
  return typeof entity === 'string' ? entity : entity.name.replace(/^./, (letter) => letter.toLowerCase());
}

/** What is wrong with a strategy, whichever the repository. */
export function strategyProblems<E extends object, Id extends EntityId>(strategy: CacheStrategy<E, Id>): string[] {
  const { ttl, reads, indexes, lists, writes, write, writeBehind } = strategy;
  const problems = entityProblems(strategy);
  if (!isDuration(ttl)) problems.push(`ttl is ${describeGiven(ttl)}; write a duration, such as '1h'`);
  if (!hasMethod(strategy, 'id')) problems.push('id is missing; write a method that gives the id of an entity');
  if (hasMethod(strategy, 'serialize') !== hasMethod(strategy, 'deserialize')) {
    problems.push('it has only one of serialize and deserialize; write both, or neither');
  }
  if (write !== undefined && !WRITE_MODES.includes(write)) {
    problems.push(`write is ${describeGiven(write)}; write ${WRITE_MODES.map((mode) => `'${mode}'`).join(', ')}`);
  }
  if (writeBehind !== undefined && write !== 'behind') {
    problems.push("it has writeBehind without write: 'behind'; write both, or neither");
  }
  for (const name of Object.keys(reads ?? {})) {
    const known = Object.keys(CONVENTIONAL_READS);
    if (!known.includes(name)) problems.push(`reads.${name} is unknown${suggest(name, known)}`);
  }
  for (const [method, written] of Object.entries<unknown>(writes ?? {})) {
    if (typeof written === 'function' || written === 'everything' || written === false) continue;
    problems.push(
      `writes.${method} is ${describeGiven(written)}; write a function that gives the ids, 'everything' or false`,
    );
  }
  return [...problems, ...indexProblems('indexes', 'unique', indexes), ...indexProblems('lists', 'list', lists)];
}

/** `; did you mean 'findByName'?`, or what there is to choose from. */
export function suggest(name: string, known: readonly string[]): string {
  const near = nearestNames(name, known);
  if (near.length > 0) return `; did you mean ${near.map((other) => `'${other}'`).join(' or ')}?`;
  return known.length === 0 ? '' : `; there are ${known.join(', ')}`;
}

function hasMethod(strategy: object, name: string): boolean {
  return typeof (strategy as Record<string, unknown>)[name] === 'function';
}

function entityProblems<E extends object>(strategy: Pick<CacheStrategy<E>, 'name' | 'entity'>): string[] {
  const entity: unknown = strategy.entity;
  if (typeof entity !== 'string' && typeof entity !== 'function') {
    return [`entity is ${describeGiven(entity)}; write the class of the entity, or its name`];
  }
  const name = entityNameOf(strategy);
  if (ENTITY_NAME.test(name)) return [];
  return [
    `the name of its entity is ${describeGiven(name)}; write one without '.', ':' and white space, such as 'hero'`,
  ];
}

function indexProblems(property: string, kind: 'unique' | 'list', indexes: object | undefined): string[] {
  return Object.entries(indexes ?? {}).flatMap(([method, index]: [string, unknown]) => {
    if (index instanceof EntityIndex && index.kind === kind) return [];
    return [
      `${property}.${method} is no ${kind === 'unique' ? 'unique index' : 'list'}; write ${kind}<Entity>('property')`,
    ];
  });
}
